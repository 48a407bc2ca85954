"""The limits of bodies, collected from the views that the URL configuration names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from django.conf import settings
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, path
from django.urls.resolvers import RegexPattern

from core.body_size import BodyLimit, find_limit


@lru_cache(maxsize=1)
def collect_routes() -> URLResolver:
    """Return a resolver of the routes whose views declare a limit, and of no others."""
    declaring = list(_find_declaring_routes(get_resolver().url_patterns))
    return URLResolver(RegexPattern(r"^/"), declaring)


def get_limit(address: str) -> BodyLimit:
    """Return the limit for this path: what its view declares, or else the ordinary one of JSON."""
    ordinary = BodyLimit(max_bytes=settings.SAYSO_MAX_JSON_BYTES)
    try:
        view = collect_routes().resolve(address).func
    except Resolver404:
        return ordinary
    return find_limit(view) or ordinary


def _find_declaring_routes(
    patterns: Iterable[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[URLPattern]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _find_declaring_routes(pattern.url_patterns, route)
        elif find_limit(pattern.callback) is not None:
            yield path(route, pattern.callback)
