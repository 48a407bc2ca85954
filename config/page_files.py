"""Files of the pages (styles, scripts, images), cached forever under names with a content hash.

In a deployment, `collectstatic` stores the names and compresses the files. Without it, a file gets
its name from its source and is served from there.
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
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

HASHED: Final = re.compile(r"(?P<stem>.+)\.[0-9a-f]{12}(?P<ending>\.[^./]+)\Z")


# The library has no types.
class NamedByContent(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names a file as `collectstatic` stored it, or else by the content of its source."""

    def read_manifest(self) -> str | None:
        """Return the stored names, or nothing in development, where sources change."""
        return None if settings.SAYSO_DEVELOPMENT else super().read_manifest()

    def stored_name(self, name: str) -> str:
        """Return the name with the hash.

        Raises ValueError for a file that does not exist.
        """
        if name not in self.hashed_files and (source := finders.find(name)):
            with Path(source).open("rb") as opened:
                self.hashed_files[name] = self.hashed_name(name, File(opened))

        named: str = super().stored_name(name)
        return named


class PageFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # the library has no types
    """Serves the files, also from their sources, which are looked up once in a process."""

    files: dict[str, Any]
    _sources: ClassVar[dict[str, Any]] = {}

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """Return a file as a whole.

        The library streams it, and a server of ASGI gathers such a stream with a warning a file.
        """
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with found.file as opened:
                body = opened.read()

        answer = HttpResponse(body, status=int(found.status))
        del answer["Content-Type"]
        for name, value in found.headers:
            answer[name] = value
        return answer

    def add_files_from_finders(self) -> None:
        """Add every source that was not collected, under its own name and the one with its hash."""
        if not self._sources:
            collected = self.files
            self.files = {}
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
    """Finds a source by its name with the hash.

    Servers that ask Django's finders need it, such as the one of Django's tests.
    """

    def check(self, **_options: Any) -> list[Any]:
        """Return no faults, because there is nothing to configure."""
        return []

    # Django's signature.
    def find(self, path: str, find_all: bool = False, **_older: Any) -> Any:  # noqa: FBT001, FBT002
        """Return the source that has this hashed name now."""
        named = HASHED.match(path)
        plain = f"{named['stem']}{named['ending']}" if named else ""
        found = finders.find(plain) if plain else None
        if found is None or staticfiles_storage.url(plain) != f"{settings.STATIC_URL}{path}":
            # The other finders answer with an empty list too.
            return []

        return [found] if find_all else found

    def list(self, _ignore_patterns: Any) -> Iterator[Any]:
        """Yield no file: the other finders list them all."""
        return iter(())
