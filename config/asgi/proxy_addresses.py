"""Proxy routes at the edge: the key where ours stands, and providers by host name.

It comes first, so that everything behind it reads one form: the path `/proxy/<name>/…`, the key as
`Authorization: Bearer …`, and the consent of a base address as `Sayso-Consent`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from django.conf import settings

from accounts.proxied_keys import CARRIERS, find_proxied_key

Scope = dict[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]
PREFIX: Final = "/proxy/"
# An SDK that can send no header still has a base address.
_CONSENT: Final = re.compile(r"(/proxy/[a-z]+)/consent/(con_[a-z2-7]{26})(?=/)")


def unify_proxy_calls(application: Application) -> Application:
    """Wrap an ASGI application: calls of providers' SDKs look like ours from here on."""

    async def answer(scope: Scope, receive: Any, send: Any) -> None:
        await application(_unify(scope), receive, send)

    return answer


def _unify(scope: Scope) -> Scope:
    mounted = _mount_by_host(scope, settings.SAYSO_PROXY_HOSTS)
    if not mounted["path"].startswith(PREFIX):
        return mounted

    mounted = _take_consent(mounted)
    headers = mounted["headers"]
    key = find_proxied_key(headers)
    others = [pair for pair in headers if pair[0].lower() not in CARRIERS]
    own = [(b"authorization", f"Bearer {key}".encode("latin-1"))] if key else []
    return {**mounted, "headers": [*others, *own]}


def _mount_by_host(scope: Scope, hosts: Mapping[str, str]) -> Scope:
    """Return the scope with the provider's prefix, if its host stands for one."""
    if not hosts:
        return scope

    host = next((value for name, value in scope["headers"] if name.lower() == b"host"), b"")
    name = hosts.get(host.decode("latin-1").lower().partition(":")[0])
    if name is None:
        return scope

    path = f"{PREFIX}{name}{scope['path']}"
    raw = PREFIX.encode() + name.encode() + scope.get("raw_path", scope["path"].encode())
    return {**scope, "path": path, "raw_path": raw}


def _take_consent(scope: Scope) -> Scope:
    """Return the scope with the consent that its base address names as a header."""
    found = _CONSENT.match(scope["path"])
    if found is None:
        return scope

    short, consent_id = found[1], found[2]
    raw = scope.get("raw_path", scope["path"].encode())
    return {
        **scope,
        "path": short + scope["path"][found.end() :],
        "raw_path": raw.replace(found[0].encode(), short.encode(), 1),
        "headers": [*scope["headers"], (b"sayso-consent", consent_id.encode())],
    }
