"""The pages of a provider's list: each place is asked for once, and every list has an end."""

from __future__ import annotations

from typing import Final

from upstream.upstream_errors import ProviderUnavailable

MOST_PAGES: Final = 1_000
"""At a hundred voices a page, more than any account holds."""


class ListPages:
    """What of a list was asked for already.

    A list that was not read to its end proves nothing: a voice may stand behind it. So a list
    that turns in a circle, or is longer than `MOST_PAGES`, is an error and never "all of it".
    """

    def __init__(self) -> None:
        self._marks: set[str] = set()

    def note(self, mark: str) -> None:
        """Note where the list goes on. Raises ProviderUnavailable where it has no end."""
        if mark in self._marks or len(self._marks) >= MOST_PAGES:
            raise ProviderUnavailable("The provider's list of voices does not end.")

        self._marks.add(mark)
