"""The error tree. Every anticipated failure is one of these errors.

Only `config/problems.py` knows their HTTP status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with one field, or one reason of a refusal.

    The `errors` list of a problem shows it.
    """

    code: str
    detail: str
    attr: str | None = None


class SaysoError(Exception):
    """Something went wrong on our side.

    This is the root of every anticipated failure and is never raised itself. `code` is public API
    and is never renamed. `facts` go into the problem document as further members, so they hold ids
    and codes, never names or texts.
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
        """Return the code of an error that was raised without one."""
        return self.code


class Unauthenticated(SaysoError):
    """No credentials, or none that we accept."""

    code = "unauthenticated"


class Refused(SaysoError):
    """Policy says no. Final for this request."""

    code = "forbidden"


class NotFound(SaysoError):
    """No such thing, or it belongs to another organisation: both have the same answer."""

    code = "not_found"


class Conflict(SaysoError):
    """The thing is not in the state that the caller assumed."""

    code = "conflict"


class TooLarge(SaysoError):
    """The body or the upload is over its limit."""

    code = "too_large"


class AddressTooLong(SaysoError):
    """The address is longer than it may be.

    If another call takes long values, it is named.
    """

    code = "address_too_long"


class RangeBehindEnd(SaysoError):
    """The part that is asked for lies behind the end of the whole. The answer has its `size`."""

    code = "range_behind_end"


class TooSlow(SaysoError):
    """The body came too slowly, or stopped coming."""

    code = "too_slow"


class UnsupportedMedia(SaysoError):
    """A content type that this route does not take."""

    code = "unsupported_media_type"


class EncodingUnsupported(UnsupportedMedia):
    """The body has a `Content-Encoding`, and bodies are read without decoding."""

    code = "content_encoding_unsupported"


class Malformed(SaysoError):
    """The request cannot be read at all: broken JSON, broken UTF-8, duplicate keys."""

    code = "malformed"


class Invalid(SaysoError):
    """The request can be read, but a field in it is wrong.

    If all its faults are the same unknown word of a closed list, such as `exclusion_unknown`, that
    is its code.
    """

    code = "invalid"

    def code_by(self, faults: Sequence[Fault]) -> str:
        """Return the code of the faults, if it is one and that of an unknown word.

        A subclass keeps its own code.
        """
        found = {fault.code for fault in faults}
        if self.code != Invalid.code or len(found) != 1:
            return self.code

        only = found.pop()
        return only if only.endswith("_unknown") else self.code


class RateLimited(SaysoError):
    """Too many calls with this key. Try again after `retry_after` seconds."""

    code = "rate_limited"
    retryable = True


class Unavailable(SaysoError):
    """A part that we need is down. Nothing was decided and nothing was made."""

    code = "unavailable"
    retryable = True
