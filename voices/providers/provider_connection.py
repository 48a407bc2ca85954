"""One account's way to its provider: its address, its key and its limits, for one adapter."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from upstream import upstream_client
from upstream.account_limits import ACCOUNT_LIMITS
from upstream.exchange import ProviderAnswer
from upstream.upstream_request import (
    BytesBody,
    JsonBody,
    MultipartBody,
    TimeLimits,
    UpstreamRequest,
    make_audio_request,
)
from voices.providers.adapter_kinds import ConnectedAccount
from voices.providers.held_stream import Held, hold_stream

MOST_ANSWER_BYTES: Final = 64 * 2**20
"""Of one answer: ten minutes of sound at 48 kHz in base64, and a little for the rest."""
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Body = JsonBody | BytesBody | MultipartBody


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderConnection:
    """Sends an adapter's requests. `headers` carry the account's key.

    `times` bounds calls that speak or clone, which take as long as the text.
    """

    account: ConnectedAccount
    is_self_hosted: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    times: TimeLimits = field(default_factory=lambda: TimeLimits(first_byte=60, total=180))

    def call(
        self,
        method: Method,
        *path: str,
        body: Body | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        taken: frozenset[int] = frozenset(),
    ) -> ProviderAnswer:
        """Return the whole answer. Statuses in `taken` are no errors.

        Raises ProviderUnavailable, ProviderRefused, ProviderAccountRefused, ProviderAddressRefused.
        """
        request = self._build_request(method, path, body, query, headers, taken)
        with ACCOUNT_LIMITS.hold_account(self.account.account_id):
            return upstream_client.call(request, most_bytes=MOST_ANSWER_BYTES)

    def fetch_audio(self, url: str, *, origins: Collection[str]) -> ProviderAnswer:
        """Return the file at an address that an answer named, fetched without any credential.

        `origins` are the only bases at which it may be. Raises as `call`.
        """
        request = make_audio_request(
            url, origins=origins, is_self_hosted=self.is_self_hosted, times=self.times
        )
        with ACCOUNT_LIMITS.hold_account(self.account.account_id):
            return upstream_client.call(request, most_bytes=MOST_ANSWER_BYTES)

    def open_stream(
        self,
        method: Method,
        *path: str,
        body: Body | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        has_final_slash: bool = False,
    ) -> Held:
        """Return the answer's bytes as they come, for an event loop.

        Nothing is sent before it is entered, which raises as `call`.
        """
        request = self._build_request(method, path, body, query, headers, frozenset())
        return hold_stream(
            replace(request, has_final_slash=has_final_slash), account_id=self.account.account_id
        )

    def _build_request(
        self,
        method: Method,
        path: tuple[str, ...],
        body: Body | None,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        taken: frozenset[int],
    ) -> UpstreamRequest:
        return UpstreamRequest(
            method=method,
            base_url=self.account.base_url,
            is_self_hosted=self.is_self_hosted,
            path=path,
            query=query or {},
            headers={**self.headers, **(headers or {})},
            body=body,
            times=self.times,
            taken=taken,
        )
