"""The samples of a clone request: refused as duplicates, decoded, and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, cast

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from accounts.principal import Principal
from audio import decoding
from audio.containers import UnreadableAudio
from audio.sound import Sound
from consent import statement_release
from consent.permits import Permit
from consent.policy import providers
from consent.statement_release import OpenedStatement
from core import canonical_json, memory, transactions
from core.errors import Fault, Invalid
from provenance.clips.watermark_key_search import KeySearch
from provenance.verification import watermark_layer
from provenance.verification.upload import EXAMINATIONS, SECONDS_WITH_KEY
from voices import sample_checks
from voices.providers.base import Capabilities, ReferenceRecording, SpokenStatement
from voices.sample_checks import voice_embedding
from voices.sample_checks.speaker_similarity import Voiceprint
from voices.sample_checks.voice_embedding import Embedding
from voices.synthesis_requests import CloneRequest
from voices.voice_events import Row

REVIEW_NEEDED: Final = "sample_review_needed"


class SamplesRefused(Invalid):
    """Some samples cannot be used. The code is that of the first one, and `errors` has an entry for
    each of them.
    """

    code = "sample_unreadable"


class ProviderStatementMissing(Invalid):
    """The provider clones only with a statement that the person spoke, and there is none."""

    code = "provider_statement_missing"


class SamplesDoubted(SamplesRefused):
    """The checks are in doubt about some samples, and nothing else is wrong with any.

    `examined` is what was measured, for the person who has to listen.
    """

    code = REVIEW_NEEDED

    def __init__(self, examined: ExaminedSamples, faults: Sequence[Fault]) -> None:
        super().__init__(faults[0].detail, code=REVIEW_NEEDED, faults=tuple(faults))
        self.examined = examined


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedSamples:
    """The recordings of a clone, what was measured in each and between them, and their voice.

    `voice` is the mean direction of their embeddings, shape (256,), and `embedding` what its
    provider's speech is compared with, None for the built-in engine. `statement` was examined with
    them, as a recording of the same person.
    """

    recordings: tuple[ReferenceRecording, ...]
    rows: tuple[Row, ...]
    pairs: tuple[Row, ...]
    voice: NDArray[np.float32] | None = field(repr=False)
    statement: SpokenStatement | None = field(default=None, repr=False)
    embedding: Embedding | None = field(default=None, repr=False)

    def report_likeness(self, trial: Sound | None) -> Row:
        """Return the report of a voice: the pairs, and how similar its `trial` is to them."""
        likeness = (
            None
            if trial is None or self.voice is None
            else sample_checks.measure_likeness(trial, self.voice)
        )
        return {"pairs": list(self.pairs), "likeness_milli": likeness}


def require_statement(
    order: CloneRequest, permit: Permit, capabilities: Capabilities
) -> OpenedStatement | None:
    """Return the statement for a provider that needs one, None for any other.

    Raises ProviderStatementMissing.
    """
    if not capabilities.needs_statement:
        return None

    found = statement_release.open_statement(
        permit, order.provider, statement_id=order.statement_id
    )
    if found is None:
        detail = (
            "This provider clones only with a statement that the person spoke. Bring it with "
            "`POST /v1/consents/{id}/statements`, or as the provider's SDK does."
        )
        fault = Fault(code=ProviderStatementMissing.code, detail=detail, attr="statement")
        raise ProviderStatementMissing(detail, faults=(fault,))

    return found


def examine_clone_samples(
    order: CloneRequest,
    principal: Principal,
    *,
    statement: OpenedStatement | None = None,
    approved: bool = False,
) -> ExaminedSamples:
    """Decode and check every sample, and the statement as one more recording of the person.

    The samples are read in a limited child process. Doubts do not matter once a person has listened
    and `approved` them.

    Raises SamplesRefused with one fault for each sample, SamplesDoubted where there are doubts
    alone, ManifestReaderUnavailable, and ServerBusy when this server has no place for them.
    """
    own = principal.organisation_id
    transactions.release_connections()
    with EXAMINATIONS.hold_place(own, has_key=True, wait_seconds=SECONDS_WITH_KEY):
        recordings = _decode_samples(order)
        spoken = None if statement is None else _decode_statement(statement)
        report = sample_checks.examine_samples(
            [recording.sound for recording in recordings],
            statement=None if spoken is None else spoken.sound,
            statement_raw=b"" if spoken is None else spoken.data,
            watermark_keys=KeySearch(prefer_organisation_ids=(own,)),
            second_mark=lambda sound: bool(
                watermark_layer.find_audiowmark_clips(sound, prefer_organisation_id=own)
            ),
            raw=order.samples,
        )
    memory.return_freed_memory()
    if any(fault.code != REVIEW_NEEDED for fault in report.faults):
        _refuse_faults(report.faults)

    stored = cast("dict[str, list[Row]]", report.as_json())
    examined = ExaminedSamples(
        recordings=recordings,
        # The statement is no sample of the voice.
        rows=tuple(stored["samples"][: len(recordings)]),
        pairs=tuple(stored["pairs"]),
        voice=report.voice,
        statement=spoken,
        embedding=_measure_embedding(order, report.prints),
    )
    if report.faults and not approved:
        raise SamplesDoubted(examined, report.faults)

    return examined


def _measure_embedding(order: CloneRequest, prints: Sequence[Voiceprint]) -> Embedding | None:
    """Return the numbers of the recordings, where another company is to speak with the voice."""
    if order.provider == providers.LOCAL or not prints:
        return None

    return voice_embedding.pool_voiceprints(prints)


def examine_statement(recording: bytes, principal: Principal) -> None:
    """Check a statement before it is kept: that it is speech, and nothing that was made here.

    Whether it is the same person is checked beside the samples of a clone, and doubts then.

    Raises as `examine_clone_samples`.
    """
    own = principal.organisation_id
    transactions.release_connections()
    with EXAMINATIONS.hold_place(own, has_key=True, wait_seconds=SECONDS_WITH_KEY):
        sound = _decode_spoken(recording)
        report = sample_checks.examine_samples(
            [],
            statement=sound,
            watermark_keys=KeySearch(prefer_organisation_ids=(own,)),
            second_mark=lambda found: bool(
                watermark_layer.find_audiowmark_clips(found, prefer_organisation_id=own)
            ),
            statement_raw=recording,
        )
    memory.return_freed_memory()
    _refuse_faults([fault for fault in report.faults if fault.code != REVIEW_NEEDED])


def _decode_statement(statement: OpenedStatement) -> SpokenStatement:
    return SpokenStatement(
        data=statement.recording,
        sound=_decode_spoken(statement.recording),
        language=statement.language,
    )


def _decode_spoken(recording: bytes) -> Sound:
    try:
        return decoding.decode_untrusted(
            recording, most_bytes=settings.SAYSO_MAX_UPLOAD_BYTES
        ).sound
    except UnreadableAudio as error:
        fault = replace(sample_checks.build_unreadable_fault(0, error), attr="recording")
        raise SamplesRefused(fault.detail, code=fault.code, faults=(fault,)) from error


def _decode_samples(order: CloneRequest) -> tuple[ReferenceRecording, ...]:
    transcripts = order.transcripts or (None,) * len(order.samples)
    recordings: list[ReferenceRecording] = []
    faults: list[Fault] = []

    for number, (data, transcript) in enumerate(zip(order.samples, transcripts, strict=True)):
        try:
            recordings.append(
                ReferenceRecording(
                    data=data,
                    sound=decoding.decode_untrusted(
                        data, most_bytes=settings.SAYSO_MAX_UPLOAD_BYTES
                    ).sound,
                    transcript=transcript,
                )
            )
        except UnreadableAudio as error:
            faults.append(sample_checks.build_unreadable_fault(number, error))

    _refuse_faults(faults)
    return tuple(recordings)


def _refuse_faults(faults: Sequence[Fault]) -> None:
    if faults:
        raise SamplesRefused(faults[0].detail, code=faults[0].code, faults=tuple(faults))


def refuse_duplicates(samples: Sequence[bytes]) -> None:
    """Check that no file is among the samples twice.

    Raises Invalid (`sample_duplicate`).
    """
    # The same recording twice tells us nothing new about a voice, and would count as two in every
    # check.
    seen: dict[str, int] = {}

    for number, data in enumerate(samples):
        first = seen.setdefault(canonical_json.sha256_hex(data), number)
        if first != number:
            detail = f"This is the same file as sample {first}."
            fault = Fault(code="sample_duplicate", detail=detail, attr=f"samples.{number}")
            raise Invalid(detail, code=fault.code, faults=(fault,))
