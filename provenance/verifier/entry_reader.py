"""Reading of log entries: those of the usual form by one expression, all others as JSON."""

from __future__ import annotations

import re
from typing import Any

from provenance.verifier.parsing import read_json, to_canonical

# A text in JSON that needs no escapes.
_TEXT = r'"([ !#-\[\]-~]*)"'
_REF = f"{_TEXT}:{_TEXT}".replace("(", "").replace(")", "")
# An entry of version 2, with its members in the order of canonical JSON (RFC 8785) and nothing
# between them. A log has millions of them, and a JSON reader takes several times as long.
USUAL_ENTRY = re.compile(
    rf'\{{(?:"by":{_TEXT},)?"c":{_TEXT},"id":{_TEXT},"kid":{_TEXT},(?:"live":(false),)?'
    rf'"org":{_TEXT},"refs":\{{((?:{_REF}(?:,{_REF})*)?)\}},"t":{_TEXT},'
    r'"ts":(0|[1-9][0-9]{0,14}),"v":2\}'
)


def read_entry(line: bytes) -> dict[str, Any]:
    """Return the members of an entry. Refuses what `read_json` refuses."""
    return _read_usual_entry(line) or read_json(line)


def read_canonical_entry(line: bytes) -> dict[str, Any] | None:
    """Return the members of an entry, or None if its bytes are not in canonical form."""
    usual = _read_usual_entry(line)
    if usual is not None:
        return usual

    entry = read_json(line)
    return entry if to_canonical(entry) == line else None


def _read_usual_entry(line: bytes) -> dict[str, Any] | None:
    """Return the members of an entry of the usual form, which is canonical. None for any other."""
    found = USUAL_ENTRY.fullmatch(line.decode("latin-1"))
    if found is None:
        return None

    by, commitment, event_id, kid, live, organisation, named, kind, at = found.groups()
    # No text holds a quote, so each piece between two of them is a name, a mark or an id.
    pieces = named.split('"')
    names = pieces[1::4]
    refs = dict(zip(names, pieces[3::4]))
    # Out of order, or with one name twice, they are not canonical.
    if sorted(refs) != names:
        return None

    entry = {
        "c": commitment, "id": event_id, "kid": kid, "org": organisation,
        "refs": refs, "t": kind, "ts": int(at), "v": 2,
    }  # fmt: skip
    if live:
        entry["live"] = False
    if by is not None:
        entry["by"] = by

    return entry
