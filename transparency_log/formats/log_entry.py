"""One log entry: its JCS bytes, and the commitment to a body that can be erased."""

from __future__ import annotations

import base64
import hmac
import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from core import canonical_json, clock
from core.base64url import encode_base64url
from core.canonical_json import Json
from transparency_log.formats import entry_kinds

# The algorithms of `c` and `kid` follow from the version. Version 1 named its algorithm, its
# subject and its speaker.
VERSION: Final = 2
DOMAIN: Final = b"sayso-commitment-v1\n"
KID_DOMAIN: Final = b"sayso-kid-v1\n"
# The purpose of the key that makes a subject's `kid` values.
KIDS: Final = "evt-kids"
LARGEST: Final = 511
MOST_REFS: Final = 4
KEY_BYTES: Final = 32
_KID_BYTES: Final = 16
_JSON: Final = json.JSONDecoder()

# Who asked for it (`by`), which an entry holds in the open for the kinds that are registered so.
PARTIES: Final = frozenset({"person", "organisation", "authority"})
# What an entry may name. Entries are public, so speakers, members and subjects are not among them:
# their ids would link the entries about one person. The speaker is named in the body, and `kid`
# differs in every entry (`docs/decisions/024`).
NAMEABLE: Final = frozenset(
    {"org", "key", "not", "con", "grt", "vox", "clp", "dec", "era", "exp", "job", "whk", "evt"}
)  # fmt: skip
_PUBLIC_ID: Final = re.compile(r"[a-z]{3}_[a-z2-7]{26}\Z")
_REF_NAME: Final = re.compile(r"[a-z][a-z_]{0,11}\Z")
_KEYED_NAME: Final = re.compile(r"[a-z][a-z_]{0,31}\Z")


class EntryFacts(NamedTuple):
    """The public facts of an entry: ids, a kind and a time. They hold nothing about a person.

    It is a tuple, because the sequencer makes one for each entry, and a frozen dataclass takes
    several times as long.
    """

    event_id: str
    organisation_id: str
    livemode: bool
    kind: str
    at_ms: int
    kid: str
    commitment: str
    refs: tuple[tuple[str, str], ...]
    by: str | None = None


def get_key_purpose(event_id: str) -> str:
    """Return the purpose of an event's key, for `vault.subject_keys.derive_key(subject, purpose)`.

    The key of one event opens no other event.
    """
    return f"evt|{event_id}"


def compute_kid(kids_key: bytes, event_id: str) -> str:
    """Return the `kid` of an event: its key's name, which only the owner of `kids_key` can link.

    `kids_key` is `vault.subject_keys.derive_key(subject, KIDS)`. The value is 128 bits of
    HMAC-SHA256(key, "sayso-kid-v1\\n" ‖ event id) in base64url. An erasure puts that key into the
    body of `erasure.completed`. The key opens nothing, and shows which entries stay closed because
    of the erasure.

    Raises ValueError for a key of another length.
    """
    if len(kids_key) != KEY_BYTES:
        raise ValueError(f"a key for kids has {KEY_BYTES} bytes, not {len(kids_key)}")

    made = hmac.digest(kids_key, KID_DOMAIN + event_id.encode("ascii"), "sha256")[:_KID_BYTES]

    return encode_base64url(made)


def compute_commitment(key: bytes, body: Mapping[str, Json]) -> str:
    """Return the commitment to `body`.

    It is base64(HMAC-SHA256(key, "sayso-commitment-v1\\n" ‖ JCS(body))).

    `key` has exactly 32 bytes. HMAC pads shorter keys with zeros, so two keys of different length
    could have one effect.

    Raises ValueError for another length, and for a body without a canonical form.
    """
    return commit_to_bytes(key, canonical_json.dump(body))


def commit_to_bytes(key: bytes, whole: bytes) -> str:
    """Return the commitment to a body whose JCS bytes are `whole`.

    Raises ValueError for a key of another length.
    """
    return _compute_mac(key, DOMAIN + whole)


def compute_keyed_hash(key: bytes, name: str, text: str) -> str:
    """Return base64(HMAC-SHA256(key, "sayso-<name>-v1\\n" ‖ UTF-8 of the text in NFC)).

    A guess can be compared with it only with the event's key, and that key is destroyed with the
    person's data.

    Raises ValueError for a key of another length, and for a name that would be the domain of the
    commitment.
    """
    domain = f"sayso-{name}-v1\n".encode("ascii")
    if domain in (DOMAIN, KID_DOMAIN) or not _KEYED_NAME.match(name):
        raise ValueError(f"no name for a keyed hash: {name!r}")

    return _compute_mac(key, domain + unicodedata.normalize("NFC", text).encode("utf-8"))


def matches_commitment(payload: bytes, *, key: bytes, body: Mapping[str, Json]) -> bool:
    """Return True if the entry committed to this key and body."""
    return hmac.compare_digest(read_entry(payload).commitment, compute_commitment(key, body))


def build_entry(
    *,
    event_id: str,
    organisation_id: str,
    livemode: bool,
    kind: str,
    at: datetime,
    kid: str,
    commitment: str,
    refs: Mapping[str, str],
    by: str | None = None,
) -> bytes:
    """Return the entry's bytes: RFC 8785 JSON of at most 511 bytes.

    Raises ValueError for an unknown kind, for too many `refs`, for a ref that is no public id or
    names a person, for a `by` that this kind does not hold, and for more than 511 bytes, which no
    valid event reaches.
    """
    known = entry_kinds.get_kind(kind)
    _check_refs(refs)

    if by is not None and (by not in PARTIES or not known.tells_by):
        raise ValueError(f"{kind} does not tell in the open who wanted it, or not as {by!r}")

    entry: dict[str, Json] = {
        "v": VERSION,
        "t": kind,
        "id": event_id,
        "ts": clock.to_millis(at),
        "org": organisation_id,
        "kid": kid,
        "c": commitment,
        "refs": dict(refs),
    }

    if by is not None:
        entry["by"] = by

    if not livemode:
        entry["live"] = False

    payload = canonical_json.dump(entry)
    if len(payload) > LARGEST:
        raise ValueError(f"an entry has at most {LARGEST} bytes, not {len(payload)}")

    return payload


def _check_refs(refs: Mapping[str, str]) -> None:
    if len(refs) > MOST_REFS:
        raise ValueError(f"an entry names at most {MOST_REFS} things, not {len(refs)}")

    for name, ref in refs.items():
        if not _REF_NAME.match(name) or not _PUBLIC_ID.match(ref):
            raise ValueError(f"the ref {name!r} must be a public id: entries outlive erasure")

        if ref[:3] not in NAMEABLE:
            raise ValueError(
                f"the ref {name!r} must not name a {ref[:3]}: that would link the entries about a "
                "person"
            )


def _compute_mac(key: bytes, data: bytes) -> str:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a commitment key has {KEY_BYTES} bytes, not {len(key)}")

    return base64.b64encode(hmac.digest(key, data, "sha256")).decode("ascii")


def read_entry(payload: bytes) -> EntryFacts:
    """Return the facts of an entry that we wrote.

    Raises ValueError or KeyError for any other bytes.
    """
    text = payload.decode("utf-8")
    # Not `json.loads`, which also looks for other encodings and for white space.
    entry, end = _JSON.raw_decode(text)
    if end != len(text) or entry["v"] not in (1, VERSION):
        raise ValueError("an entry of an unknown version")

    refs = entry["refs"]
    named = [(ref["r"], ref["id"]) for ref in refs] if entry["v"] == 1 else refs.items()

    return EntryFacts(
        event_id=entry["id"],
        organisation_id=entry["org"],
        livemode=entry.get("live", True),
        kind=entry["t"],
        at_ms=entry["ts"],
        kid=entry["kid"],
        commitment=entry["c"],
        refs=tuple(named),
        by=entry.get("by"),
    )
