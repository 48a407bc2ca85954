"""The files of the pages (styles, scripts, pictures) under names that hold a hash of their content,
cached for good.

`collectstatic` writes the names down and compresses the files, which is worth it in a deployment.
Nothing depends on it: a file that was not collected gets its name from its source, and is served
from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files import File
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

HASHED: Final = re.compile(r"(?P<stem>.+)\.[0-9a-f]{12}(?P<ending>\.[^./]+)\Z")


class NamedByContent(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # the library has no types
    """Names a file as `collectstatic` wrote it down, or else by what its source holds."""

    def read_manifest(self) -> str | None:
        """Give what was written down; nothing in development, where sources change."""
        return None if settings.SAYSO_DEVELOPMENT else super().read_manifest()

    def stored_name(self, name: str) -> str:
        """Give the name with the hash. Raises ValueError for a file that does not exist."""
        if name not in self.hashed_files and (source := finders.find(name)):
            with Path(source).open("rb") as opened:
                self.hashed_files[name] = self.hashed_name(name, File(opened))
        named: str = super().stored_name(name)
        return named


class PageFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # the library has no types
    """Serves them, also from their sources.

    These are looked for once in a process, as they do not change.
    """

    files: dict[str, Any]
    _sources: ClassVar[dict[str, Any]] = {}

    def add_files_from_finders(self) -> None:
        """Add every source that was not collected, under its own name and under the one with its
        hash.
        """
        if not self._sources:
            collected, self.files = self.files, {}
            super().add_files_from_finders()
            self._sources.update(self.files)
            self.files = collected
        self.files = {**self._sources, **self.files}

    def add_file_to_dictionary(self, url: str, path: str, stat_cache: Any = None) -> None:
        """Add a file under this address, and under the one that pages name it by."""
        super().add_file_to_dictionary(url, path, stat_cache=stat_cache)
        named = self.get_static_url(url.removeprefix(self.static_prefix))
        if named and named not in self.files:
            super().add_file_to_dictionary(named, path, stat_cache=stat_cache)


class HashedNameFinder(finders.BaseFinder):
    """Finds a source by its name with the hash, for servers that ask Django's finders, such as that
    of its tests.
    """

    def check(self, **_options: Any) -> list[Any]:
        """Nothing here can be set wrongly."""
        return []

    def find(self, path: str, find_all: bool = False, **_older: Any) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """Give the source that has this very name now."""
        named = HASHED.match(path)
        plain = f"{named['stem']}{named['ending']}" if named else ""
        found = finders.find(plain) if plain else None
        if found is None or staticfiles_storage.url(plain) != f"{settings.STATIC_URL}{path}":
            return []  # what the others answer, too
        return [found] if find_all else found

    def list(self, _ignore_patterns: Any) -> Iterator[Any]:
        """Name no file: the other finders name them all."""
        return iter(())
