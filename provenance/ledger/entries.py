"""What one log entry is: its JCS bytes, and the commitment that binds it to a body that can be erased. Pure."""

from __future__ import annotations

import base64
import hmac
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core import canonical, clock
from core.canonical import Json

ALGORITHM: Final = "hkdf-hmac-sha256/1"
DOMAIN: Final = b"sayso-commitment-v1\n"
# Bundles give an entry's length in 16 bits (C2SP tlog-tiles, "Log entries").
LARGEST: Final = 65_535
KEY_BYTES: Final = 32

KINDS: Final = frozenset(
    {
        "speaker.created", "speaker.updated", "speaker.corrected",
        "delivery.started", "delivery.sent", "delivery.failed",
        "consent.requested", "consent.captured", "consent.activated", "consent.declined", "consent.suspended",
        "consent.resumed", "consent.narrowed", "consent.renewed", "consent.revoked", "consent.expired",
        "consent.lapsed", "consent.rejected", "consent.superseded",
        "voice.ready", "voice.failed", "voice.deleted",
        "decision.allowed", "decision.denied",
        "clip.issued", "clip.aborted", "clip.withdrawn", "clip.mark_failed",
        "clip.c2pa_failed",
        "erasure.started", "erasure.target", "erasure.completed",
        "export.requested", "export.ready",
        "key.issued", "key.rotated", "key.disabled", "key.destroyed", "mark_key.exported", "clock.advanced",
        "admin.action", "policy.changed", "log.recovered",
    }
)  # fmt: skip

PARTIES: Final = frozenset({"person", "organisation", "authority"})
"""Who can have wanted a consent to end: the open member `by` of `consent.revoked`."""
_REVOKED: Final = "consent.revoked"

_PUBLIC_ID: Final = re.compile(r"[a-z]{3}_[a-z2-7]{26}\Z")
_REF_NAME: Final = re.compile(r"[a-z][a-z_]{0,31}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an entry says in the open: nothing about a person, only ids, a kind and a time."""

    event_id: str
    organisation_id: str
    livemode: bool
    kind: str
    at_ms: int
    subject: str
    commitment: str
    refs: tuple[tuple[str, str], ...]
    by: str | None = None


def purpose(event_id: str) -> str:
    """Name the key of one event: `vault.keys.derive(subject, purpose(event_id))`. Opening one event opens no other."""
    return f"evt|{event_id}"


def commitment(key: bytes, body: Mapping[str, Json]) -> str:
    """Commit to a body: base64(HMAC-SHA256(key, "sayso-commitment-v1\\n" ‖ JCS(body))).

    Exactly 32 key bytes: HMAC pads shorter keys with zeros, so variable lengths would give two keys one effect.
    Raises ValueError for another length, and for bodies that have no canonical form.
    """
    return commitment_to(key, canonical.dump(body))


def commitment_to(key: bytes, whole: bytes) -> str:
    """Commit to a body whose JCS bytes are at hand. Raises ValueError for a key of another length."""
    return _mac(key, DOMAIN + whole)


def keyed_hash(key: bytes, name: str, text: str) -> str:
    """Hash a text under an event's key: base64(HMAC-SHA256(key, "sayso-<name>-v1\\n" ‖ UTF-8 of the text in NFC)).

    Nobody can compare a guess with it who has not the key, and the key dies with the person. Raises ValueError for a
    key of another length, and for a name that would be the commitment's own domain.
    """
    domain = f"sayso-{name}-v1\n".encode("ascii")
    if domain == DOMAIN or not _REF_NAME.match(name):
        raise ValueError(f"no name for a keyed hash: {name!r}")
    return _mac(key, domain + unicodedata.normalize("NFC", text).encode("utf-8"))


def opens(payload: bytes, *, key: bytes, body: Mapping[str, Json]) -> bool:
    """Say whether this key and body are what the entry committed to."""
    return hmac.compare_digest(read(payload).commitment, commitment(key, body))


def build(
    *,
    event_id: str,
    organisation_id: str,
    livemode: bool,
    kind: str,
    at: datetime,
    subject: str,
    commitment: str,
    refs: Mapping[str, str],
    by: str | None = None,
) -> bytes:
    """Give the entry's bytes, RFC 8785 JSON, aimed below 512.

    Raises ValueError for an unknown kind, for a ref that is not a public id, for a `by` that does not belong there, and
    for more than 65,535 bytes.
    """
    check_kind(kind)
    if by is not None and (kind != _REVOKED or by not in PARTIES):
        raise ValueError(f"{kind} does not say in the open that it is by {by!r}")
    for name, ref in refs.items():
        if not _REF_NAME.match(name) or not _PUBLIC_ID.match(ref):
            raise ValueError(f"the ref {name!r} must be a public id: entries outlive erasure")
    entry: dict[str, Json] = {
        "v": 1,
        "t": kind,
        "id": event_id,
        "ts": clock.millis(at),
        "org": organisation_id,
        "kid": subject,
        "c": commitment,
        "refs": [{"r": name, "id": refs[name]} for name in sorted(refs)],
        "alg": ALGORITHM,
    }
    if not livemode:
        entry["live"] = False
    if by is not None:
        entry["by"] = by
    payload = canonical.dump(entry)
    if len(payload) > LARGEST:
        raise ValueError(f"an entry has at most {LARGEST} bytes, not {len(payload)}")
    return payload


def check_kind(kind: str) -> None:
    """Raise ValueError for a kind that is not in the list: a misspelt event would never be found again."""
    if kind not in KINDS:
        raise ValueError(f"unknown kind of event {kind!r}")


def _mac(key: bytes, data: bytes) -> str:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a commitment key has {KEY_BYTES} bytes, not {len(key)}")
    return base64.b64encode(hmac.digest(key, data, "sha256")).decode("ascii")


def read(payload: bytes) -> Facts:
    """Read the facts of an entry that we wrote. Raises ValueError or KeyError for anything else."""
    entry = json.loads(payload)
    if entry["v"] != 1 or entry["alg"] != ALGORITHM:
        raise ValueError("an entry of an unknown version")
    return Facts(
        event_id=entry["id"],
        organisation_id=entry["org"],
        livemode=entry.get("live", True),
        kind=entry["t"],
        at_ms=entry["ts"],
        subject=entry["kid"],
        commitment=entry["c"],
        refs=tuple((ref["r"], ref["id"]) for ref in entry["refs"]),
        by=entry.get("by"),
    )
