"""Content negotiation of the API: every route answers in one way."""

from __future__ import annotations

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class FixedContentNegotiation(DefaultContentNegotiation):
    """Every route answers in one way, whatever `Accept` says (RFC 9110, section 12.5.1, allows it).

    A client that asks for `audio/mpeg` gets its audio from a view that could also answer with a
    problem document.
    """

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 - the signature is the framework's
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002 - as above
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer."""
        first = next(iter(renderers))
        return first, first.media_type or ""
