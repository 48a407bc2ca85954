"""The verify page in English."""

from __future__ import annotations

from typing import Final

from provenance.translations.schema import Finding, VerifyPageText

WORDS: Final = VerifyPageText(
    title="Was this voice made here?",
    lead=(
        "Give us an audio file. We tell you whether its speech was made through this service, and "
        "whether the person whose voice it is still allows that."
    ),
    choose="Audio file",
    hint="WAV, MP3, FLAC, Ogg or Opus, up to {limit} MB. A few seconds are enough.",
    ask="Check this file",
    ask_another="Check another file",
    offline_title="Check a receipt yourself",
    offline=(
        "With a clip’s receipt and proof, this one file and Python 3.9 or later you can check it "
        "without us."
    ),
    offline_keys=(
        "Fetch the organisation’s public keys beforehand, over another line than the receipt, from"
    ),
    offline_link="Download verify.py, SHA-256",
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
    too_large=(
        "This file is larger than {limit} MB. Cut a piece of some seconds out of it and try that."
    ),
    unavailable=(
        "We cannot check files just now. Nothing is wrong with yours; please try again in a minute."
    ),
    too_many=(
        "Many files have come from your connection in the last minute. Please wait a minute, then "
        "ask again."
    ),
    clip_title="The clip",
    clips_title="The clips in this file",
    clip="Number",
    issued_at="Made on",
    issued_by="Made for",
    consent="Permission today",
    erased=(
        "We can only say that it was made here. Its record was erased at the wish of the person "
        "whose voice it is, or it was broken off before it was whole."
    ),
    test_data=(
        "It is test data: somebody was trying out the service. No real person’s permission stands "
        "behind it, so what is said here of a permission means nothing."
    ),
    evidence_title="What we looked at",
    proves_title="What this shows",
    proves_not_title="What this does not show",
    findings={
        "issued": Finding(
            sign="✓",
            tone="good",
            title="Made here, unchanged",
            lead=(
                "This is a clip that this service delivered, and nobody has changed its sound "
                "since."
            ),
            proves=(
                "The voice is synthetic.",
                (
                    "The person whose voice it is had agreed to this kind of use when the clip was "
                    "made."
                ),
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
            lead=(
                "The sound carries our mark, but the file is not the one that we delivered: it was "
                "converted, cut, or mixed."
            ),
            proves=(
                "At least part of the speech in it is synthetic and was made through this service.",
            ),
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
            proves=(
                "The voice is synthetic.",
                "No new use of the voice is allowed under that permission.",
            ),
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
            proves=(
                (
                    "No clip of ours has these bytes, and no mark of ours could be read from the "
                    "sound."
                ),
            ),
            proves_not=(
                "That a real person speaks. It may have been made elsewhere.",
                (
                    "That it was not made here after all: a very short or much changed piece can "
                    "lose "
                    "its mark."
                ),
            ),
        ),
        "unreadable": Finding(
            sign="!",
            tone="warn",
            title="We could not listen to this file",
            lead="We could only compare the bytes of the file, and no clip of ours has them.",
            proves=("Nothing about a voice.",),
            proves_not=("That it was not made here.",),
        ),
    },
    unreadable={
        "empty": "It is empty.",
        "unknown_format": (
            "It is no audio, or in no format that is read here. Save it as WAV or MP3 and try "
            "again."
        ),
        "truncated": (
            "It ends too early; perhaps it was not downloaded whole. Fetch it again, or save it "
            "anew as WAV or MP3."
        ),
        "too_long": (
            "It is longer than five minutes. Cut out the piece that you want to know about and try "
            "that."
        ),
        "too_many_channels": (
            "It has more than eight channels. Save it with one or two and try again."
        ),
        "bad_rate": (
            "Its sample rate is below 8 or above 192 kHz. Save it with 44.1 or 48 kHz and try "
            "again."
        ),
        "unreadable": "It is damaged. Save it anew as WAV or MP3 and try again.",
        "too_large": "It is too large. Cut out a piece of some seconds and try that.",
    },
    layers={
        "sha256": "Exact copy",
        "watermark": "Inaudible mark",
        "c2pa": "Content Credentials",
        "fingerprint": "Similar sound",
    },
    evidence={
        "sha256.match": "Yes: these are exactly the bytes that we delivered.",
        "sha256.match.samples": (
            "The file is another, but the sound in it is sample for sample what we delivered."
        ),
        "sha256.mismatch": "No: the sound differs from what we delivered.",
        "sha256.absent": "No clip of ours is exactly this file.",
        "sha256.candidate": "Perhaps.",
        "watermark.match": "Found, and it names this clip.",
        "watermark.match.several": "Found, and it names several clips in this file.",
        "watermark.match.copies": (
            "Found. Several clips of one and the same sound carry it; this is one of them."
        ),
        "watermark.absent.partly": (
            "No mark of ours was read. This service has more keys than are all tried for one file."
        ),
        "watermark.mismatch": "Found, but it names another clip.",
        "watermark.absent": "No mark of ours was read.",
        "watermark.candidate": "A pattern like ours was read, but no clip carries it.",
        "c2pa.match": "Signed by us, and fits the sound.",
        "c2pa.mismatch": "There are some, but they do not fit the sound.",
        "c2pa.absent": "The file carries none of ours.",
        "c2pa.candidate": "The file carries some, made elsewhere.",
        "fingerprint.absent": "As a whole it sounds like no clip of ours.",
        "fingerprint.candidate": (
            "Sounds much like a clip of ours. That is a hint, no proof: one sentence spoken twice "
            "can sound so alike."
        ),
        "fingerprint.absent.short": "Not looked: it is too short to compare how it sounds.",
    },
    caveats={
        "issued": "This says where the audio came from, not that what it says is true.",
        "issued_altered": (
            "A mark can be carried over into other audio, so treat this file as one that contains "
            "speech made here."
        ),
        "issued_withdrawn": (
            "What was lawful before stays so; whether this copy may still be used is a question "
            "for the organisation that it was made for."
        ),
        "not_found": (
            "Not finding a clip proves nothing: it may have been made elsewhere, be too short, or "
            "have been changed until the mark was lost. It does not show that a recording is a "
            "real person's."
        ),
        "unreadable": (
            "Only the exact bytes could be compared. The same speech in another file would not be "
            "found by them."
        ),
    },
    layer_proves={
        "sha256": (
            "Exact when it says yes: the same bytes, or the same samples. Any change of the sound "
            "ends it."
        ),
        "watermark": (
            "Written into the sound of every clip. It survives ordinary handling such as MP3, Opus "
            "and cutting; speech of less than two seconds, neural codecs and voice conversion can "
            "lose it, and somebody can carry it over into other sound."
        ),
        "c2pa": (
            "A signed statement inside the file, and the strongest one where it is there. Many "
            "programs drop it when they save a file, so its absence says nothing."
        ),
        "fingerprint": (
            "How the sound goes, compared with what we made. It is a hint from five seconds on and "
            "never a proof."
        ),
    },
    other_language="Deutsch",
    drop="Choose a file, or drop it here.",
    sending="Sending the file",
    checking="Listening for marks. This takes a few seconds.",
    not_sent="The file did not reach us. Check your connection and try again.",
    supports_title="What this can do",
    supports=(
        (
            "WAV, MP3, FLAC, Ogg Vorbis and Opus, up to {limit} MB and five minutes; some "
            "installations take M4A and WebM."
        ),
        "Speech of two seconds and more; from five seconds on also by how it sounds.",
        "Only what this service made. It is no detector of synthetic voices in general.",
        "It is free, needs no account, and computers may ask too: POST /v1/verify.",
    ),
    layers_title="How we look",
    picture_title="Where our mark is",
    picture_says="Our mark is in {share} % of this file, which is {length} long. {clips}",
    seconds_long="{seconds} seconds",
    minutes_long="{minutes} min {seconds} s",
    decimal_point=".",
    one_clip="One clip was found in it.",
    many_clips="{count} clips were found in it.",
    picture_hint="The mark is read in stretches of about a second, so the edges are approximate.",
    picture_clip="Clip",
    picture_erased="made here; no more may be said",
    kept_title="Keep this answer",
    kept_hint=(
        "Print this page or save it. The SHA-256 says which file was asked about; we do not keep "
        "the file."
    ),
    kept_file="File",
    kept_sha256="SHA-256 of the file",
    kept_at="Checked on",
    kept_where="Checked at",
    opinion_title="Was this answer any good?",
    opinion_lead="We read this to make the check better. Nobody is asked who they are.",
    opinions={
        "helped": "It helped me",
        "wrong": "I think that it is wrong",
        "unclear": "I do not understand it",
        "broken": "Something did not work",
    },
    opinion_words="What should we know? (you may leave this empty)",
    opinion_hint="Please write no names and nothing else by which a person can be recognised.",
    opinion_send="Send",
    opinion_thanks="Thank you",
    opinion_kept="It is kept without your name or address and deleted after half a year.",
    opinion_missing="Choose one of the answers first.",
    opinion_long="That is longer than {limit} characters. Please shorten it.",
    opinion_link="Tell us what you think of this check",
    back="Back to the check",
    consent_states={
        "active": "stands",
        "suspended": "paused",
        "withdrawn": "withdrawn by the person",
        "expired": "ended on its date",
        "invalidated": "ended: declared invalid",
        "terminated": "ended",
        "superseded": "replaced by a newer one",
        "erasing": "ended; being erased",
        "erased": "ended; erased",
    },
)
