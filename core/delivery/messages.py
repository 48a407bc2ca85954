"""Messages over one HTTPS address of the operator: a POST of one JSON object.

The names of its fields are settings. Time and size are bounded.
"""

from __future__ import annotations

import json
import ssl
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from core.delivery.letters import (
    LONGEST_ANSWER,
    Accepted,
    ChannelUnavailable,
    Letter,
    LetterRefused,
    to_one_line,
)

SECONDS: Final = 10.0
WHOLE_SECONDS: Final = 30.0
"""The longest that one call may take from end to end, however slowly the other side answers."""
MOST: Final = 2**16
_PIECE: Final = 2**12
_PASSING: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The place to which messages go, with its names for the fields.

    An empty name leaves its field out.
    """

    url: str = field(repr=False)
    to: str = "to"
    text: str = "text"
    subject: str = ""
    sender: str = ""
    sender_value: str = ""
    reference: str = ""
    authorization: str = field(default="", repr=False)
    auth_header: str = "Authorization"
    wants: str = "email"


def is_gateway_configured() -> bool:
    """Check whether messages are a channel here."""
    return settings.SAYSO_MESSAGES is not None


def get_gateway() -> Gateway:
    """Return the gateway of the settings.

    Raises ChannelUnavailable when there is none.
    """
    found: Gateway | None = settings.SAYSO_MESSAGES
    if found is None:
        raise ChannelUnavailable("No place takes messages.")

    return found


def send_message(letter: Letter) -> Accepted:
    """Send a letter to the gateway.

    Raises ChannelUnavailable to try again later, LetterRefused for good.
    """
    to = get_gateway()
    parts = urlsplit(to.url)
    connection = _open_connection(to.url)
    ends = time.monotonic() + WHOLE_SECONDS

    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=_build_body(to, letter), headers=_build_headers(to))
        response = connection.getresponse()
        answer = _read_answer(response, ends=ends)
    except (OSError, HTTPException, ValueError) as error:
        raise ChannelUnavailable("The message gateway cannot be reached.") from error
    finally:
        connection.close()

    status = response.status
    if 200 <= status < 300:
        words = to_one_line(answer.decode("utf-8", "replace"))[:LONGEST_ANSWER]
        return Accepted(status=status, answer=words, server=parts.netloc.rpartition("@")[2])
    # A redirect is a failure, too: a letter goes only to the address of the settings.
    if 400 <= status < 500 and status not in _PASSING | {401, 403, 404}:
        raise LetterRefused("The message gateway refuses this letter.")
    raise ChannelUnavailable("The message gateway takes nothing now.", facts={"status": status})


def _open_connection(url: str) -> HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port
    if parts.scheme == "https":
        return HTTPSConnection(host, port, timeout=SECONDS, context=ssl.create_default_context())
    return HTTPConnection(host, port, timeout=SECONDS)


def _build_body(to: Gateway, letter: Letter) -> bytes:
    named = {
        to.to: letter.to,
        to.text: letter.text,
        to.subject: to_one_line(letter.subject),
        to.sender: to.sender_value,
        to.reference: letter.reference,
    }
    present = {name: value for name, value in named.items() if name and value}

    return json.dumps(present, ensure_ascii=False).encode("utf-8")


def _build_headers(to: Gateway) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "sayso",
    }

    if to.authorization:
        headers[to.auth_header] = to.authorization

    return headers


def _read_answer(response: HTTPResponse, *, ends: float) -> bytes:
    """Read the answer, at most MOST bytes and not beyond the deadline.

    Raises ValueError for a longer or slower one.
    """
    found = b""
    while piece := response.read1(_PIECE):
        found += piece
        if len(found) > MOST or time.monotonic() > ends:
            raise ValueError("the answer is too long or too slow")

    return found
