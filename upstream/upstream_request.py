"""One request to a provider: where it goes, what it holds, how long it may take.

Its parts stay out of `repr`: paths hold ids, headers credentials, bodies texts and voices.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote, urlencode

import aiohttp

from core.errors import Invalid
from upstream.address_rules import (
    check_audio_url,
    check_base_url,
    split_file_url,
)
from upstream.upstream_errors import (
    ProviderAccountRefused,
    ProviderAddressRefused,
)

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e\xa0-\xff]*")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9._\[\]-]{1,100}")
_OURS: Final = frozenset({"connection", "content-length", "host", "transfer-encoding"})
# A larger body is sent in pieces, between which the loop serves others.
_IN_ONE_PIECE: Final = 2**19


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How many seconds a request may take to connect, from its last byte to the first one of the
    answer, between two bytes of it, and in all.
    """

    connect: float = 5.0
    first_byte: float = 30.0
    between: float = 15.0
    total: float = 120.0


@dataclass(frozen=True, slots=True)
class JsonBody:
    """A body in JSON."""

    value: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class BytesBody:
    """A body that is encoded already, such as `application/msgpack`."""

    data: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """One file of a form. `name` is one of ours and never that of a caller's file."""

    form_field: str
    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipartBody:
    """A form with files. `fields` are pairs, because a name may stand twice."""

    fields: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    files: tuple[FilePart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRequest:
    """A request to the provider at `base_url`, below which `path` has one element a segment.

    A segment is escaped, so an id never becomes a path. Statuses in `taken` are given to the
    adapter with their body, beside those of success. All others are errors. `has_final_slash` is
    for servers that redirect without it.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    base_url: str = field(repr=False)
    is_self_hosted: bool
    path: tuple[str, ...] = field(default=(), repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: JsonBody | BytesBody | MultipartBody | None = field(default=None, repr=False)
    times: TimeLimits = field(default_factory=TimeLimits)
    taken: frozenset[int] = frozenset()
    has_final_slash: bool = False
    is_callers: bool = False
    """The address is a caller's own words: its look-ups keep no one else's waiting."""
    signed_target: str = field(default="", repr=False)
    """Path and query as the provider wrote them, in the place of `path` and `query`."""


def make_audio_request(
    url: str,
    *,
    origins: Collection[str],
    is_self_hosted: bool,
    times: TimeLimits,
    headers: Mapping[str, str] | None = None,
) -> UpstreamRequest:
    """Return the request for an audio's address in a provider's answer.

    Credentials in `headers` are for the provider's own host alone. An address that is signed needs
    none.

    Raises ProviderAddressRefused.
    """
    base, rest = check_audio_url(url, origins=origins, is_self_hosted=is_self_hosted)
    return UpstreamRequest(
        method="GET",
        base_url=base,
        is_self_hosted=is_self_hosted,
        headers=headers or {},
        times=times,
        signed_target=rest or "/",
    )


def make_file_request(url: str, *, times: TimeLimits) -> UpstreamRequest:
    """Return the request for a file that a caller names, at a public host and without credentials.

    Raises Invalid with one fault: `url_invalid`, `scheme_not_allowed`, `address_not_allowed`.
    """
    base, rest = split_file_url(url, is_self_hosted=False)
    return UpstreamRequest(
        method="GET",
        base_url=base,
        is_self_hosted=False,
        times=times,
        is_callers=True,
        signed_target=rest or "/",
    )


def build_url(request: UpstreamRequest) -> str:
    """Return the whole address, judged again: the operator may have changed the list of hosts.

    Raises ProviderAddressRefused, ValueError for a segment that could not stay one.
    """
    try:
        base = check_base_url(request.base_url, is_self_hosted=request.is_self_hosted)
    except Invalid:
        raise ProviderAddressRefused("The provider's address is not allowed any more.") from None
    if request.signed_target:
        return base + request.signed_target

    if any(segment in {"", ".", ".."} for segment in request.path):
        raise ValueError("a segment of a path is empty or dots")
    path = "".join("/" + quote(segment, safe=":@!$&'()*+,;=") for segment in request.path)
    query = urlencode(request.query, quote_via=quote)
    end = "/" if request.has_final_slash or not path else ""
    return f"{base}{path}{end}{'?' if query else ''}{query}"


def build_headers(request: UpstreamRequest) -> dict[str, str]:
    """Return the headers to send. No compressed answer is asked for.

    Raises ProviderAccountRefused for what fits into no header, because that is a credential then.
    """
    sent = {"User-Agent": "sayso", "Accept": "*/*"}
    for name, value in request.headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS:
            raise ValueError("a header that an adapter may not send")
        if not _HEADER_VALUE.fullmatch(value):
            raise ProviderAccountRefused("The account's key has characters that cannot be sent.")
        sent[name] = value

    if isinstance(request.body, JsonBody):
        sent["Content-Type"] = "application/json"
    elif isinstance(request.body, BytesBody):
        sent["Content-Type"] = request.body.media_type
    return sent | {"Accept-Encoding": "identity"}


def build_data(request: UpstreamRequest) -> bytes | io.BytesIO | aiohttp.FormData | None:
    """Return the body as the client takes it. It is made for one attempt."""
    match request.body:
        case JsonBody(value):
            text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            return _cut_large(text.encode())
        case BytesBody(data):
            return _cut_large(data)
        case MultipartBody():
            return _build_form(request.body)
    return None


def _cut_large(data: bytes) -> bytes | io.BytesIO:
    return data if len(data) <= _IN_ONE_PIECE else io.BytesIO(data)


def _build_form(body: MultipartBody) -> aiohttp.FormData:
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in body.fields:
        form.add_field(_check_name(name), value)
    for file in body.files:
        form.add_field(
            _check_name(file.form_field),
            io.BytesIO(file.data),
            filename=_check_name(file.name),
            content_type=file.media_type,
        )
    return form


def _check_name(name: str) -> str:
    if not _PLAIN_NAME.fullmatch(name):
        raise ValueError("a name in a form that needs quoting")
    return name
