"""A provider's stream that holds its account's place until it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from voices.providers.upstream.account_limits import ACCOUNT_LIMITS
from voices.providers.upstream.upstream_client import UpstreamStream, open_stream
from voices.providers.upstream.upstream_request import UpstreamRequest


class HeldStream(Iterator[bytes]):
    """The bytes of an answer as they come. The place is free at its end, its error or its close."""

    def __init__(self, stream: UpstreamStream, place: ExitStack) -> None:
        self._stream = stream
        self._place = place

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self._stream.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer, names in lower case."""
        return self._stream.headers

    def __next__(self) -> bytes:
        try:
            return next(self._stream)
        except StopIteration:
            self._place.close()
            raise
        except BaseException as error:
            # The circuit breaker counts what went wrong.
            self._place.__exit__(type(error), error, error.__traceback__)
            raise

    def close(self) -> None:
        """Break the connection at once, unless the answer came whole."""
        self._stream.close()
        self._place.close()


def open_held_stream(request: UpstreamRequest, *, account_id: str) -> HeldStream:
    """Take a place of the account, send the request, and return its answer's bytes.

    Raises as `upstream_client.open_stream`, and ProviderUnavailable where no place is free.
    """
    with ExitStack() as place:
        place.enter_context(ACCOUNT_LIMITS.hold_account(account_id))
        stream = open_stream(request)
        return HeldStream(stream, place.pop_all())
