"""What an answer of `verify` says in sentences, for the page and for the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict in sentences: what it means, what it shows and what it does not show."""

    sign: str
    tone: str
    title: StrPromise
    lead: StrPromise
    proves: tuple[StrPromise, ...]
    proves_not: tuple[StrPromise, ...]


FINDINGS: Final[Mapping[str, Finding]] = {
    "issued": Finding(
        sign="✓",
        tone="good",
        title=_("Made here, unchanged"),
        lead=_("This is a clip that this service delivered, and its sound was not changed since."),
        proves=(
            _("The voice is synthetic."),
            _(
                "The person whose voice it is had agreed to this kind of use when the clip was "
                "made."
            ),
        ),
        proves_not=(
            _("That what is said in it is true."),
            _("That it is used today where its maker was allowed to use it."),
        ),
    ),
    "issued_altered": Finding(
        sign="≈",
        tone="warn",
        title=_("Made here, then changed"),
        lead=_(
            "The sound carries our mark or lines that we made, but the file is not the one that we "
            "delivered: it was converted, cut, joined, or mixed."
        ),
        proves=(
            _("At least part of the speech in it is synthetic and was made through this service."),
        ),
        proves_not=(
            _("That everything in it was made here: words may have been cut out, moved or added."),
            _("That what is said in it is true."),
        ),
    ),
    "issued_withdrawn": Finding(
        sign="✕",
        tone="bad",
        title=_("Made here, permission has ended"),
        lead=_("This service made it, but the permission behind it does not stand any more."),
        proves=(
            _("The voice is synthetic."),
            _("No new use of the voice is allowed under that permission."),
        ),
        proves_not=(
            _("That it was wrong to make it: it was permitted on the day it was made."),
            _("That this copy must disappear. Ask the organisation that it was made for."),
        ),
    ),
    "not_found": Finding(
        sign="?",
        tone="plain",
        title=_("Not found"),
        lead=_("We find no sign that this service made it."),
        proves=(
            _("No clip of ours has these bytes, and no mark of ours could be read from the sound."),
        ),
        proves_not=(
            _("That a real person speaks. It may have been made elsewhere."),
            _(
                "That it was not made here after all: a very short or much changed piece can lose "
                "its mark."
            ),
        ),
    ),
    "unreadable": Finding(
        sign="!",
        tone="warn",
        title=_("We could not listen to this file"),
        lead=_("We could not read the whole file. What we could compare is no clip of ours."),
        proves=(_("Nothing about a voice."),),
        proves_not=(_("That it was not made here."),),
    ),
}
"""By verdict."""

CAVEATS: Final[Mapping[str, StrPromise]] = {
    "issued": _("This says where the audio came from, not that what it says is true."),
    "issued_altered": _(
        "A mark can be carried over into other audio, so treat this file as one that contains "
        "speech made here."
    ),
    "issued_withdrawn": _(
        "What was lawful before stays so. Whether this copy may still be used is a question for "
        "the organisation that it was made for."
    ),
    "not_found": _(
        "Not finding a clip proves nothing: it may have been made elsewhere, be too short, or "
        "have been changed until the mark was lost. It does not show that a recording is a real "
        "person's."
    ),
    "unreadable": _(
        "Only the exact bytes and the sound that could be read, if any, were compared. The same "
        "speech in another file may still be found."
    ),
}
"""By verdict."""

UNREADABLE: Final[Mapping[str, StrPromise]] = {
    "empty": _("There is no sound in it."),
    "unknown_format": _(
        "It is no audio, or in no format that is read here. Save it as WAV or MP3 and try again."
    ),
    "inner_codec": _(
        "Its sound, or a track of it, is in a codec that is not read here. Save it as WAV with PCM "
        "and try again."
    ),
    "truncated": _(
        "It ends too early. Perhaps it was not downloaded whole. Fetch it again, or save it again "
        "as WAV or MP3."
    ),
    "too_long": _(
        "It is longer than five minutes. Cut out the piece that you want to know about and try "
        "that."
    ),
    "too_many_channels": _(
        "It has more than eight channels. Save it with one or two and try again."
    ),
    "bad_rate": _(
        "Its sample rate is below 8 or above 192 kHz. Save it with 44.1 or 48 kHz and try again."
    ),
    "unreadable": _("It is damaged. Save it again as WAV or MP3 and try again."),
    "too_large": _("It is too large. Cut out a piece of some seconds and try that."),
}
"""By the reason why a file could not be read (`audio.containers.REASONS`)."""

LAYERS: Final[Mapping[str, StrPromise]] = {
    "sha256": _("Exact copy"),
    "watermark": _("Inaudible mark"),
    "c2pa": _("Content Credentials"),
    "fingerprint": _("Similar sound"),
}

LAYER_PROVES: Final[Mapping[str, StrPromise]] = {
    "sha256": _(
        "Exact when it says yes: the same bytes, or the same samples. Any change of the sound "
        "ends it."
    ),
    "watermark": _(
        "A mark in the sound of every clip that is long enough. It survives ordinary handling "
        "such as MP3, Opus and cutting. Speech of less than two seconds, neural codecs and voice "
        "conversion can lose it, and it can be carried over into other sound."
    ),
    "c2pa": _(
        "A signed statement inside the file, and the strongest one where it is there. Many "
        "programs drop it when they save a file, so its absence says nothing."
    ),
    "fingerprint": _(
        "The course of the sound, compared with our clips. One similar clip is a hint and never a "
        "proof. Several short lines of ours in one file cannot be a coincidence."
    ),
}

EVIDENCE: Final[Mapping[str, StrPromise]] = {
    "sha256.match": _("Yes: these are exactly the bytes that we delivered."),
    "sha256.match.samples": _(
        "The file is another, but the sound in it is sample for sample what we delivered."
    ),
    "sha256.mismatch": _("No: the sound differs from what we delivered."),
    "sha256.absent": _("No clip of ours is exactly this file."),
    "sha256.candidate": _("Perhaps."),
    "watermark.match": _("Found, and it names this clip."),
    "watermark.match.several": _("Found, and it names several clips in this file."),
    "watermark.match.copies": _(
        "Found. Several clips of one and the same sound carry it. This is one of them."
    ),
    "watermark.absent.partly": _(
        "No mark of ours was read. This service has more keys than are all tried for one file."
    ),
    "watermark.mismatch": _("Found, but it names another clip."),
    "watermark.absent": _("No mark of ours was read."),
    "watermark.too_short": _("None. The speech is too short to carry a mark."),
    "watermark.candidate": _("A pattern like ours was read, but no clip carries it."),
    "c2pa.match": _("Signed by us, and fits the sound."),
    "c2pa.mismatch": _("There are some, but they do not fit the sound."),
    "c2pa.absent": _("The file carries none of ours."),
    "c2pa.candidate": _("The file carries some, made elsewhere."),
    "fingerprint.match.lines": _("Several lines of ours were known by their sound."),
    "fingerprint.absent": _("As a whole it sounds like no clip of ours."),
    "fingerprint.candidate": _(
        "Sounds much like a clip of ours. That is a hint, no proof: one sentence spoken twice can "
        "sound the same."
    ),
    "fingerprint.not_looked.short": _("Not looked: it is too short to compare how it sounds."),
}
"""By the key of a layer's evidence (`LayerEvidence.key`)."""

CONSENT_STATES: Final[Mapping[str, StrPromise]] = {
    "active": _("in force"),
    "suspended": _("paused"),
    "withdrawn": _("withdrawn by the person"),
    "expired": _("ended on its date"),
    "invalidated": _("ended: declared invalid"),
    "terminated": _("ended"),
    "superseded": _("replaced by a newer one"),
    "erasing": _("ended, being erased"),
    "erased": _("ended, erased"),
}

ERASED: Final = _(
    "We can only say that it was made here. Its record was erased at the wish of the person whose "
    "voice it is, or it was broken off before it was whole."
)
TEST_DATA: Final = _(
    "It is test data, from a trial of the service. No real person’s permission stands "
    "behind it, so what is said here of a permission means nothing."
)
