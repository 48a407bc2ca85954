"""The error tree: every anticipated failure is one of these; `config/problems.py` alone knows their
HTTP status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with one field (or one reason of a refusal), as the `errors` list of a
    problem shows it.
    """

    code: str
    detail: str
    attr: str | None = None


class SaysoError(Exception):
    """Something went wrong on our side.

    Root of every anticipated failure, never raised itself. `code` is public API: never rename one.
    `facts` go into the problem document as further members, so they hold ids and codes, never names
    or texts.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        faults: Sequence[Fault] = (),
        retry_after: int | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)
        self.stable_code = code or self.code_by(self.faults)
        self.retry_after = retry_after
        self.facts = dict(facts or {})

    def code_by(self, faults: Sequence[Fault]) -> str:  # noqa: ARG002 - a subclass reads them
        """Give the code of an error that was raised without one."""
        return self.code


class Unauthenticated(SaysoError):
    """No credentials, or none that we accept."""

    code = "unauthenticated"


class Refused(SaysoError):
    """Policy says no. Final for this request."""

    code = "forbidden"


class NotFound(SaysoError):
    """No such thing, or it belongs to somebody else: the two answers are the same on purpose."""

    code = "not_found"


class Conflict(SaysoError):
    """The thing is not in the state that the caller assumed."""

    code = "conflict"


class TooLarge(SaysoError):
    """The body or the upload is over its limit."""

    code = "too_large"


class AddressTooLong(SaysoError):
    """The address carries more than it may; where there is another call for long values, it says
    so.
    """

    code = "address_too_long"


class TooSlow(SaysoError):
    """The body came too slowly, or stopped coming."""

    code = "too_slow"


class UnsupportedMedia(SaysoError):
    """A content type that this route does not take."""

    code = "unsupported_media_type"


class EncodingUnsupported(UnsupportedMedia):
    """The body has a `Content-Encoding`, and bodies are read as they are."""

    code = "content_encoding_unsupported"


class Malformed(SaysoError):
    """The request cannot be read at all: broken JSON, broken UTF-8, duplicate keys."""

    code = "malformed"


class Invalid(SaysoError):
    """The request can be read, but a field in it is wrong.

    Where all its faults are the same closed word that is not known, such as `exclusion_unknown`,
    that is its code.
    """

    code = "invalid"

    def code_by(self, faults: Sequence[Fault]) -> str:
        """Give the code of the faults where it is one, of an unknown word.

        A subclass keeps its own.
        """
        found = {fault.code for fault in faults}
        if (
            self.code == Invalid.code
            and len(found) == 1
            and (only := found.pop()).endswith("_unknown")
        ):
            return only
        return self.code


class RateLimited(SaysoError):
    """Too many calls with this key; try again after `retry_after` seconds."""

    code = "rate_limited"
    retryable = True


class Unavailable(SaysoError):
    """A part that we need is down. Nothing was decided and nothing was made."""

    code = "unavailable"
    retryable = True
