"""Checks of a receipt against the log, the audio, the opening and the script."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import re
import unicodedata
import wave
from pathlib import Path
from typing import Any

from provenance.verifier.check_report import Refusal, Skipped
from provenance.verifier.entry_checks import DOMAIN, VERSIONS, get_refs
from provenance.verifier.merkle_proofs import (
    compute_proven_root,
    hash_leaf,
    read_checkpoint,
    read_proof,
)
from provenance.verifier.parsing import (
    check_whole_number,
    decode_base64,
    parse_time,
    read_json,
    to_canonical,
)
from provenance.verifier.signed_receipt import read_paper, read_small_file

SCRIPT_DOMAIN = b"sayso-script-v1\n"
LARGEST_PAPER = 16 << 20


def check_entry(facts: dict[str, Any]) -> str:
    """Check that the receipt's entry is of an issued clip, and names what the receipt names."""
    text = facts["log"]["entry"].encode("utf-8")
    entry = read_json(text)
    refs = get_refs(entry)

    named = {
        "clip": facts["clip"],
        "consent": facts["consent"]["id"],
        "decision": facts["decision"]["id"],
    }

    if to_canonical(entry) != text or entry["v"] not in VERSIONS or entry["t"] != "clip.issued":
        raise Refusal("its entry is not that of an issued clip")

    if (
        entry["org"] != facts["organisation"]
        or entry.get("live", True) is not facts["livemode"]
        or refs != named
    ):
        raise Refusal("its entry names another clip, consent, decision or organisation")

    if entry["ts"] != _time_to_milliseconds(facts["issued_at"]):
        raise Refusal("its entry is of another time")

    if decode_base64(facts["log"]["leaf"]) != hash_leaf(text):
        raise Refusal("its leaf is not the hash of its entry")

    return f"entry {entry['id']}"


def _time_to_milliseconds(text: str) -> int:
    at = parse_time(text)

    return int(at.replace(microsecond=0).timestamp()) * 1000 + at.microsecond // 1000


def check_inclusion(facts: dict[str, Any], path: Path | None, keys: dict[str, bytes]) -> str:
    """Check that the proof leads from the entry to a checkpoint that the log signed.

    The entry must be at the place that the receipt names.
    """
    if path is None:
        raise Skipped("no proof was given with --proof, so the entry may be in no log")

    proof = read_proof(read_paper(path, LARGEST_PAPER, "the proof"))
    origin, size, root = read_checkpoint(proof.checkpoint, keys)
    here = facts["log"]

    if not re.search("/log/" + re.escape(facts["organisation"]) + r"(/[2-9][0-9]*)?\Z", origin):
        raise Refusal(f"the proof is of another log, {origin}")
    if _strip_generation(origin) != _strip_generation(here["origin"]):
        raise Refusal(f"the proof is of the log {origin}, the receipt of {here['origin']}")

    if proof.place != check_whole_number(here["index"]):
        raise Refusal(f"the proof is of entry {proof.place}, the receipt of {here['index']}")

    found = compute_proven_root(decode_base64(here["leaf"]), proof.place, size, list(proof.path))
    if found != root:
        raise Refusal("the proof does not lead from this entry to the checkpoint")

    return f"entry {proof.place} of {origin} at {size} entries"


def _strip_generation(origin: str) -> str:
    """Return the log's name without `/2`, `/3` …, which it has after a restored backup."""
    return re.sub(r"/[2-9][0-9]*\Z", "", origin)


def check_audio(facts: dict[str, Any], path: Path | None) -> str:
    """Check that the file is the delivered one, or a WAV file with exactly its samples."""
    if path is None:
        raise Skipped("no file was given with --audio")

    said = facts["audio"]
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)

    if digest.hexdigest() == said["sha256"]:
        return f"the very bytes that were delivered, SHA-256 {said['sha256']}"
    if _hash_samples(path) == said["sha256_pcm"]:
        return "not the delivered bytes, but a WAV file with exactly the samples of the clip"

    raise Refusal(
        f"the file is another one: its SHA-256 is {digest.hexdigest()}, the receipt's "
        f"{said['sha256']}"
    )


def _hash_samples(path: Path) -> str:
    """Return the SHA-256 of the samples of a WAV file of 16 bits and one channel, "" for others."""
    digest = hashlib.sha256()

    try:
        with path.open("rb") as raw, wave.open(io.BufferedReader(raw), "rb") as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                return ""
            for block in iter(lambda: file.readframes(1 << 16), b""):
                digest.update(block)
    except (wave.Error, EOFError, ValueError, RuntimeError):
        return ""

    return digest.hexdigest()


def check_opening(facts: dict[str, Any], path: Path | None, opened: dict[str, bytes]) -> str:
    """Check that the entry committed to the opened body, and that the receipt repeats it.

    Puts the event's key into `opened`.
    """
    if path is None:
        raise Skipped(
            "no --opening: that hashes, terms and marks are those in the log is the signer's word"
        )

    entry = read_json(facts["log"]["entry"].encode("utf-8"))
    row = _find_opening(entry["id"], read_paper(path, LARGEST_PAPER, "the opening"))
    key = decode_base64(row["key"])
    body = row["body"]
    made = hmac.new(key, DOMAIN + to_canonical(body), hashlib.sha256).digest()
    # Entries of version 2 name no algorithm: there is one.
    known = entry.get("alg", "hkdf-hmac-sha256/1") == "hkdf-hmac-sha256/1"

    if len(key) != 32 or not known or not hmac.compare_digest(made, decode_base64(entry["c"])):
        raise Refusal("the opening is not what the log committed to")

    if row["index"] != facts["log"]["index"]:
        raise Refusal("the opening is of another place in the log")

    for name, (said, committed) in _pair_repeated_facts(facts, body).items():
        if said != committed:
            raise Refusal(f"the receipt says something else of {name} than the log committed to")

    opened["key"] = key

    return "what the receipt says is what the log committed to"


def _find_opening(event_id: str, data: bytes) -> dict[str, Any]:
    for line in data.splitlines():
        row: dict[str, Any] = read_json(line)
        if row["id"] == event_id:
            return row

    raise Refusal("the file holds no opening of this entry")


def _pair_repeated_facts(facts: dict[str, Any], body: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return everything that the receipt says of the clip, each beside the body's value."""
    grant = facts["grant"]
    decision = facts["decision"]
    script = facts["script"]
    audio = facts["audio"]

    mark = body["mark"] and {
        name: body["mark"][name] for name in body["mark"] if name not in ("token", "epoch")
    }
    found = {
        name: (audio[name], body[name])
        for name in ("sha256", "sha256_pcm", "media_type", "bytes", "duration_ms")
    }
    # Older receipts and entries do not say it.
    found["padded_ms"] = (audio.get("padded_ms"), body.get("padded_ms"))
    found.update(
        {name: (decision[name], body[name]) for name in ("policy_version", "language", "use_case")}
    )
    found.update({name: (script[name], body[name]) for name in ("characters", "disclosure")})

    terms = {name: value for name, value in grant.items() if name != "id"}
    terms["valid_until"] = facts["consent"]["valid_until"]

    return {
        **found,
        "the script": (script["hash"], body["script"]),
        "the consent record": (facts["consent"]["record_sha256"], body["record_sha256"]),
        "the grant": (grant["id"], body["grant"]),
        "the terms": (terms, body["terms"]),
        "channel and territory": (
            {name: decision[name] for name in ("channel", "territory")},
            body["asked"],
        ),
        "the watermark": (facts["marks"]["watermark"], mark or body.get("mark_reason")),
        "the manifest": (facts["marks"]["c2pa"], body.get("c2pa")),
    }


def list_script_readings(text: str) -> list[tuple[str, str]]:
    """Return the texts that a file may hold, each with what was left out of it.

    Editors put a byte-order mark in front, change the line ends, and add one at the end.
    """
    readings = [(text, "")]
    if text.startswith("\ufeff"):
        readings.append((text[1:], ", without the byte-order mark of the file"))

    readings += [
        (one.replace("\r\n", "\n"), f"{how}, with line ends of one character")
        for one, how in readings
        if "\r\n" in one
    ]
    readings += [
        (re.sub(r"\r?\n\Z", "", one), f"{how}, without the line end of the file")
        for one, how in readings
        if one.endswith("\n")
    ]

    return readings


def check_script(facts: dict[str, Any], path: Path | None, opened: dict[str, bytes]) -> str:
    """Check that the text, hashed under the opened key, has the hash in the receipt."""
    if path is None:
        raise Skipped("no text was given with --script")
    if "key" not in opened:
        raise Skipped("a script is compared by the key in a good opening; give that with --opening")

    text = read_small_file(path, LARGEST_PAPER, "the script").decode("utf-8")
    for candidate, how in list_script_readings(text):
        plain = unicodedata.normalize("NFC", candidate).encode("utf-8")
        made = hmac.new(opened["key"], SCRIPT_DOMAIN + plain, hashlib.sha256).digest()
        if base64.b64encode(made).decode("ascii") == facts["script"]["hash"]:
            spoken = ", after a spoken sentence that the voice is synthetic"
            disclosed = facts["script"]["disclosure"] == "spoken"
            return f"the very text{how}" + (spoken if disclosed else "")

    raise Refusal("another text was sent to be spoken")


def say_marks(facts: dict[str, Any]) -> str:
    """Skip with what the service says it read back. A keyed mark cannot be read without the key."""
    mark = facts["marks"]["watermark"]
    manifest = facts["marks"]["c2pa"]

    said = "no watermark"
    if isinstance(mark, str):
        said = f"no watermark ({mark})"
    elif mark is not None:
        said = f"the watermark {mark['scheme']} read back, score {mark['score_milli'] / 1000:.3f}"

    also = ""
    if manifest is not None:
        also = f", and a C2PA manifest: {json.dumps(manifest, sort_keys=True)}"

    raise Skipped(f"the receipt states {said}{also}; the service's /verify reads marks again")


def say_today() -> str:
    """Skip with the reason: a receipt is about one moment."""
    raise Skipped(
        "the receipt speaks of the moment of issue; only the service knows whether the consent "
        "still stands"
    )
