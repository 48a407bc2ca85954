"""The samples of a clone request: refused as duplicates, decoded, and checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django.conf import settings

from accounts.principal import Principal
from audio import decoding
from audio.containers import UnreadableAudio
from core import canonical_json, memory, transactions
from core.errors import Fault, Invalid
from provenance.clips.watermark_key_search import KeySearch
from provenance.verification import watermark_layer
from provenance.verification.upload import CUSTOMER_WAITS, EXAMINATIONS
from voices import sample_checks
from voices.providers.base import ReferenceRecording
from voices.synthesis_requests import CloneRequest
from voices.voice_events import Row


class SamplesRefused(Invalid):
    """Some samples cannot be used. The code is that of the first one, and `errors` has an entry for
    each of them.
    """

    code = "sample_unreadable"


def examine_clone_samples(
    order: CloneRequest, principal: Principal
) -> tuple[tuple[ReferenceRecording, ...], tuple[Row, ...]]:
    """Decode and check every sample, and return the recordings with one report for each.

    The samples are read in a limited child process.

    Raises SamplesRefused with one fault for each sample, ManifestReaderUnavailable, and ServerBusy
    when this server has no place for them.
    """
    own = principal.organisation_id
    transactions.release_connections()
    with EXAMINATIONS.hold_place(own, customer=True, wait_seconds=CUSTOMER_WAITS):
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
    memory.give_back()
    _refuse_faults(report.faults)
    rows = cast("dict[str, list[Row]]", report.as_json())["samples"]
    return recordings, tuple(rows)


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
