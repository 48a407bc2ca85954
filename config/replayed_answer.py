"""A stored answer on its way around the view."""

from __future__ import annotations

from django.http import HttpResponse


class Replay(Exception):
    """The stored answer to this request, which the view need not make again."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__("replayed")
        self.response = response
