"""The verify page in English."""

from __future__ import annotations

from typing import Final

from provenance.wording.shape import Finding, Words

WORDS: Final = Words(
    title="Was this voice made here?",
    lead="Give us an audio file. We tell you whether its speech was made through this service, and whether the person "
    "whose voice it is still allows that.",
    choose="Audio file",
    hint="WAV, MP3, FLAC, Ogg or Opus, up to {limit} MB. A few seconds are enough.",
    ask="Check this file",
    ask_another="Check another file",
    promise_title="What happens to your file",
    promises=(
        "It is looked at once and not kept.",
        "You need no account, and we set no cookie.",
        "The answer names no person.",
    ),
    answers_title="The answers that you can get",
    fault_title="That did not work",
    no_file="Choose a file first.",
    empty_file="This file is empty. Choose another one.",
    too_large="This file is larger than {limit} MB. Cut a piece of some seconds out of it and try that.",
    unavailable="We cannot check files just now. Nothing is wrong with yours; please try again in a minute.",
    too_many="Many files have come from your connection in the last minute. Please wait a minute, then ask again.",
    clip_title="The clip",
    clip="Number",
    issued_at="Made on",
    issued_by="Made for",
    consent="Permission today",
    erased="Its record was erased at the wish of the person whose voice it is. We can only say that it was made here.",
    evidence_title="What we looked at",
    proves_title="What this shows",
    proves_not_title="What this does not show",
    findings={
        "issued": Finding(
            sign="✓",
            tone="good",
            title="Made here, unchanged",
            lead="This is a clip that this service delivered, and nobody has changed its sound since.",
            proves=(
                "The voice is synthetic.",
                "The person whose voice it is had agreed to this kind of use when the clip was made.",
            ),
            proves_not=(
                "That what is said in it is true.",
                "That it is used today where its maker was allowed to use it.",
            ),
        ),
        "issued_altered": Finding(
            sign="≈",
            tone="warn",
            title="Made here, then changed",
            lead="The sound carries our mark, but the file is not the one that we delivered: it was converted, cut, "
            "or mixed.",
            proves=("At least part of the speech in it is synthetic and was made through this service.",),
            proves_not=(
                "That everything in it was made here: words may have been cut out, moved or added.",
                "That what is said in it is true.",
            ),
        ),
        "issued_withdrawn": Finding(
            sign="✕",
            tone="bad",
            title="Made here, permission has ended",
            lead="This service made it, but the permission behind it does not stand any more.",
            proves=("The voice is synthetic.", "The person whose voice it is no longer allows new uses."),
            proves_not=(
                "That it was wrong to make it: it was permitted on the day it was made.",
                "That this copy must disappear. Ask the organisation that it was made for.",
            ),
        ),
        "not_found": Finding(
            sign="?",
            tone="plain",
            title="Not found",
            lead="We find no sign that this service made it.",
            proves=("No clip of ours has these bytes, and no mark of ours could be read from the sound.",),
            proves_not=(
                "That a real person speaks. It may have been made elsewhere.",
                "That it was not made here after all: a very short or much changed piece can lose its mark.",
            ),
        ),
        "unreadable": Finding(
            sign="!",
            tone="warn",
            title="Not readable as audio",
            lead="We could only compare the bytes of the file, and no clip of ours has them.",
            proves=("Nothing about a voice.",),
            proves_not=("That it was not made here. Save it as WAV or MP3 and try again.",),
        ),
    },
    layers={
        "sha256": "Exact copy",
        "watermark": "Inaudible mark",
        "c2pa": "Content Credentials",
        "fingerprint": "Similar sound",
    },
    evidence={
        "sha256.match": "Yes: the sound is exactly what we delivered.",
        "sha256.mismatch": "No: the sound differs from what we delivered.",
        "sha256.absent": "No clip of ours is exactly this file.",
        "sha256.candidate": "Perhaps.",
        "watermark.match": "Found, and it names this clip.",
        "watermark.mismatch": "Found, but it names another clip.",
        "watermark.absent": "No mark of ours was read.",
        "watermark.candidate": "A pattern like ours was read, but no clip carries it.",
        "c2pa.match": "Signed by us, and fits the sound.",
        "c2pa.mismatch": "There are some, but they do not fit the sound.",
        "c2pa.absent": "The file carries none of ours.",
        "c2pa.candidate": "The file carries some, made elsewhere.",
        "fingerprint.match": "Sounds like a clip of ours.",
        "fingerprint.mismatch": "Sounds different.",
        "fingerprint.absent": "No clip of ours sounds like it.",
        "fingerprint.candidate": "Resembles a clip of ours.",
    },
    consent_states={
        "active": "stands",
        "suspended": "paused",
        "withdrawn": "withdrawn by the person",
        "expired": "ended on its date",
        "invalidated": "declared invalid",
        "terminated": "ended",
        "superseded": "replaced by a newer one",
        "erasing": "ended; being erased",
        "erased": "ended; erased",
    },
)
