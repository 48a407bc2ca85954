"""The samples of a clone request: refused as duplicates, decoded, and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from accounts.principal import Principal
from audio import decoding
from audio.containers import UnreadableAudio
from audio.sound import Sound
from core import canonical_json, memory, transactions
from core.errors import Fault, Invalid
from provenance.clips.watermark_key_search import KeySearch
from provenance.verification import watermark_layer
from provenance.verification.upload import EXAMINATIONS, SECONDS_WITH_KEY
from voices import sample_checks
from voices.providers.base import ReferenceRecording
from voices.synthesis_requests import CloneRequest
from voices.voice_events import Row

REVIEW_NEEDED: Final = "sample_review_needed"


class SamplesRefused(Invalid):
    """Some samples cannot be used. The code is that of the first one, and `errors` has an entry for
    each of them.
    """

    code = "sample_unreadable"


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

    `voice` is the mean direction of their embeddings, shape (256,).
    """

    recordings: tuple[ReferenceRecording, ...]
    rows: tuple[Row, ...]
    pairs: tuple[Row, ...]
    voice: NDArray[np.float32] | None = field(repr=False)

    def report_likeness(self, trial: Sound | None) -> Row:
        """Return the report of a voice: the pairs, and how similar its `trial` is to them."""
        likeness = (
            None
            if trial is None or self.voice is None
            else sample_checks.measure_likeness(trial, self.voice)
        )
        return {"pairs": list(self.pairs), "likeness_milli": likeness}


def examine_clone_samples(
    order: CloneRequest, principal: Principal, *, approved: bool = False
) -> ExaminedSamples:
    """Decode and check every sample.

    The samples are read in a limited child process. Doubts do not matter once a person has listened
    and `approved` them.

    Raises SamplesRefused with one fault for each sample, SamplesDoubted where there are doubts
    alone, ManifestReaderUnavailable, and ServerBusy when this server has no place for them.
    """
    own = principal.organisation_id
    transactions.release_connections()
    with EXAMINATIONS.hold_place(own, has_key=True, wait_seconds=SECONDS_WITH_KEY):
        recordings = _decode_samples(order)
        report = sample_checks.examine_samples(
            [recording.sound for recording in recordings],
            statement=None,
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
        rows=tuple(stored["samples"]),
        pairs=tuple(stored["pairs"]),
        voice=report.voice,
    )
    if report.faults and not approved:
        raise SamplesDoubted(examined, report.faults)

    return examined


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
