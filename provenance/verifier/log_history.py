"""The history of a bundle's rows in its own log: every event about them, with its opened body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from provenance.verifier.bundle import Bundle
from provenance.verifier.check_report import Refusal
from provenance.verifier.entry_checks import get_refs
from provenance.verifier.entry_reader import read_entry
from provenance.verifier.parsing import check_whole_number, decode_base64, parse_time, read_json
from provenance.verifier.table_checks import read_table_rows

KID_DOMAIN = b"sayso-kid-v1\n"
# The table of the rows that a ref of an entry names. The events of a clip also name its consent.
# They belong to the clip alone.
TABLE_OF_REF = {
    "clip": "clips",
    "decision": "decisions",
    "voice": "voices",
    "erasure": "erasures",
    "consent": "consents",
}
# The ref that events of other kinds are about: a link is delivered for a consent.
REF_OF_KIND = {"delivery": "consent"}


class Happened(NamedTuple):
    """An event: its place, its entry, and its opening as a line, None if the entry is closed."""

    place: int
    entry: dict[str, Any]
    opening: bytes | None

    @property
    def kind(self) -> str:
        """Return the kind of event."""
        return str(self.entry["t"])

    @property
    def at(self) -> int:
        """Return the time in milliseconds since 1970."""
        return check_whole_number(self.entry["ts"])

    @property
    def body(self) -> dict[str, Any] | None:
        """Return the full body, or None if the entry is closed."""
        return None if self.opening is None else json.loads(self.opening)["body"]


class Past:
    """Everything that a bundle's log says of the bundle's rows. Reads the entries once."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.rows = {
            name: {str(row.get("id")) for row in read_table_rows(bundle, name)}
            for name in TABLE_OF_REF.values()
        }

        self.events: dict[str, list[Happened]] = defaultdict(list)
        self.speakers: dict[str, list[Happened]] = defaultdict(list)
        self.places: dict[int, Happened] = {}
        self.kids: dict[str, bytes] = {}
        self.closed: list[Happened] = []
        self.foreign = self.old = 0
        self.foreign_decisions: set[str] = set()
        self.unproven: Counter[str] = Counter()
        self.voices: set[str] = set()
        self.repeated = False

        for event, body in self._read():
            self._note(event, body)

        self.records = {row["id"]: row for row in _read_records(bundle)}

    def of(self, row_id: Any, *kinds: str) -> list[Happened]:
        """Return the events of a row, oldest first."""
        return [
            event for event in self.events.get(str(row_id), ()) if not kinds or event.kind in kinds
        ]

    def last(self, row_id: Any, *kinds: str) -> Happened | None:
        """Return the newest event of a row, or None."""
        found = self.of(row_id, *kinds)
        return found[-1] if found else None

    def erased_at(self, speaker_id: Any) -> int | None:
        """Return when a speaker was erased, in milliseconds. None if they were not."""
        ends = [
            event.at
            for event in self.speakers.get(str(speaker_id), ())
            if event.kind == "erasure.completed"
        ]

        return ends[-1] if ends else None

    def is_whole(self) -> bool:
        """Return True if every entry of the log is here, so that nothing else happened."""
        head = self.bundle.head
        return (
            self.bundle.has("entries.jsonl")
            and bool(head)
            and self.bundle.counts["entries"] == (head or ("", -1))[1]
        )

    def holds_all(self) -> bool:
        """Return True if everything that the log says of these rows is here.

        The maker of a personal copy states so.
        """
        return self.is_whole() or self.bundle.has("proofs.jsonl")

    def note_erasure(self, body: dict[str, Any]) -> None:
        """Note which entries this erasure closed.

        An erasure that was repeated after a restore cannot name them.
        """
        if body.get("kids"):
            self.kids[body["speaker"]] = decode_base64(body["kids"])
        else:
            self.repeated = True

    def _read(self) -> Iterator[tuple[Happened, dict[str, Any] | None]]:
        """Yield the events with their bodies, which are kept as lines: those take less memory."""
        openings = self.bundle.lines("openings.jsonl")
        opened = next(openings, None)
        opening = read_json(opened) if opened is not None else None
        livemode = self.bundle.manifest["livemode"]

        for index, line in self.bundle.entries():
            entry = read_entry(line)
            here, body = None, None
            if opening is not None and opening["index"] == index:
                here, body = opened, opening["body"]
                opened = next(openings, None)
                opening = read_json(opened) if opened is not None else None

            if entry.get("live", True) is livemode:
                yield Happened(index, entry, here), body
            else:
                self._note_foreign(entry)

    def _note_foreign(self, entry: dict[str, Any]) -> None:
        self.foreign += 1
        if entry["t"].startswith("decision."):
            self.foreign_decisions.add(get_refs(entry)["decision"])

    def _note(self, event: Happened, body: dict[str, Any] | None) -> None:
        entry = event.entry
        if event.opening is not None:
            self._note_body(event, body or {})
        elif entry["v"] == 1:
            self.old += 1
        else:
            self.closed.append(event)

        if event.kind == "speaker.created":
            self.places[event.place] = event

        refs = get_refs(entry)
        if event.kind == "voice.ready":
            self.voices.add(refs["voice"])

        family = event.kind.partition(".")[0]
        own = REF_OF_KIND.get(family, family)
        if own in TABLE_OF_REF and refs.get(own) in self.rows[TABLE_OF_REF[own]]:
            self.events[refs[own]].append(event)

    def _note_body(self, event: Happened, body: dict[str, Any]) -> None:
        if event.kind == "erasure.completed":
            self.note_erasure(body)
        if "speaker" in body and event.kind.partition(".")[0] in ("speaker", "erasure"):
            self.speakers[body["speaker"]].append(event)


def compute_kid(key: bytes, event_id: str) -> str:
    """Return the name of an event's key as the log does, from the key that an erasure published."""
    made = hmac.new(key, KID_DOMAIN + event_id.encode("ascii"), hashlib.sha256).digest()[:16]

    return base64.urlsafe_b64encode(made).rstrip(b"=").decode("ascii")


def parse_milliseconds(text: Any) -> int | None:
    """Return a row's time in milliseconds, as entries have it."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise Refusal(f"{text!r} is not a time")

    at = parse_time(text)

    return int(at.replace(microsecond=0).timestamp()) * 1000 + at.microsecond // 1000


def _read_records(bundle: Bundle) -> Iterator[dict[str, Any]]:
    if bundle.has("records/consents.jsonl"):
        for line in bundle.lines("records/consents.jsonl"):
            row = read_json(line)
            head = json.loads(base64.urlsafe_b64decode(row["jws"].partition(".")[0] + "=="))

            yield {
                "id": row["id"],
                "sha256": row["sha256"],
                "kid": head["kid"],
                "said": read_json(decode_base64(row["record"])),
            }
