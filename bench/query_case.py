"""What the bench of queries records: every statement of one call through the whole HTTP stack."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from accounts import api_key_changes
from bench.speech_case import USE_CASE, Case
from core import clock

HOUSE: Final = Path(__file__).parent.parent
_BOUNDARIES: Final = {"BEGIN", "COMMIT", "ROLLBACK"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement and the innermost line of the product that sent it."""

    sql: str
    place: str

    @property
    def kind(self) -> str:
        """Its first word, such as SELECT."""
        return self.sql.split(maxsplit=1)[0].strip(";")


def record_call() -> list[Statement]:
    """Set a case up, call twice, and return the statements of the second call."""
    case = Case.make()
    issued = api_key_changes.issue_key(
        organisation=case.voice.organisation,
        product="bench",
        livemode=False,
        scopes_granted=["speech:write"],
        actor="system:bench",
        at=clock.now(),
    )
    with override_settings(ALLOWED_HOSTS=["*"]):
        _speak(case, issued.secret, "This first sentence warms everything up.")
        return _record(lambda: _speak(case, issued.secret, "This second sentence is counted."))


def _speak(case: Case, secret: str, text: str) -> None:
    answer = Client().post(
        "/v1/speech",
        {"voice": case.voice.id, "text": text, "language": "en", "use_case": USE_CASE},
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    if answer.status_code != 200:
        raise SystemExit(f"no audio: {answer.status_code} {answer.content[:300]!r}")


def _record(call: Callable[[], None]) -> list[Statement]:
    places: list[str] = []

    def note_place(execute: Callable[..., Any], *statement: Any) -> Any:
        places.append(_find_place())
        return execute(*statement)

    with CaptureQueriesContext(connection) as captured, connection.execute_wrapper(note_place):
        call()

    # BEGIN and COMMIT are captured by Django, and sent around the wrapper.
    remaining = iter(places)
    return [
        Statement(sql=sql, place="" if sql in _BOUNDARIES else next(remaining))
        for sql in (entry["sql"] for entry in captured.captured_queries)
    ]


def _find_place() -> str:
    """Return `file:line` of the innermost frame of the product."""
    for frame in reversed(traceback.extract_stack()):
        path = Path(frame.filename)
        inside = path.is_relative_to(HOUSE) and ".venv" not in path.parts
        if inside and path.parent.name != "bench":
            return f"{path.relative_to(HOUSE)}:{frame.lineno}"

    return "outside"
