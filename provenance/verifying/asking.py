"""The order of a search: decode in the child, look in each layer, judge."""

from __future__ import annotations

from provenance.audio import decoding
from provenance.audio.formats import UnreadableAudio
from provenance.audio.sound import Sound
from provenance.verifying import credited, exact, judging, marked, resembling
from provenance.verifying.looking import Upload
from provenance.verifying.verdicts import Outcome, Verdict


def verify(data: bytes, *, first: str = "") -> Verdict:
    """Look the upload up in every layer. Raises nothing about the file: unreadable audio is a verdict too.

    `first` names the organisation whose marks are searched before those of others. The file is decoded in a
    limited child process. Raises Unavailable when that process or the vault is down.
    """
    sound, why = _sound(data)
    upload = Upload(data=data, sound=sound)
    same = exact.look(upload)
    if upload.sound is None:
        if same.clip is None:
            return Verdict(outcome=Outcome.UNREADABLE, clip=None, evidence=(same.evidence,), why=why)
        return judging.judge((same,))
    mark = marked.look(upload.sound, expected=same.clip, first=first)
    signed = credited.look(data, expected=same.clip or mark.clip)
    return judging.judge((same, mark, signed, resembling.look(upload.sound)), seconds=upload.sound.seconds)


def _sound(data: bytes) -> tuple[Sound | None, str]:
    """The sound, or why there is none."""
    try:
        return decoding.decode(data).sound, ""
    except UnreadableAudio as error:
        return None, error.reason
