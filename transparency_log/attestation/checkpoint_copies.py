"""Copies of checkpoints where we cannot change them: a folder of write-once files, or an HTTP
store: the first stays.

Both refuse to put something else under a name that is taken, which is what makes a copy evidence.
For a folder that is only as strong as the machine it lies on (mount another one); an object store
with retention (object lock) is stronger.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from core import clock
from core.errors import Conflict
from transparency_log.attestation.aws_sigv4 import Sign
from transparency_log.attestation.http_client import AttestorUnavailable, HttpAnswer, HttpClient
from vault import durable_files

_READ_ONLY: Final = 0o400
# Notes are text of a few hundred bytes; with many cosignatures a few kilobytes.
_MOST: Final = 2**16


class CopyDiffers(Conflict):
    """Something else is kept under this checkpoint's name: another history of this log was
    published before.
    """

    code = "log_copy_differs"


class CopyStore(Protocol):
    """A store of copies. Names look like `org_…/1/00000000000000000042.checkpoint`."""

    def store_copy(self, name: str, data: bytes, *, until: datetime) -> None:
        """Keep the bytes for good; the same bytes twice are no error.

        Raises CopyDiffers, OutsiderAway.
        """
        ...

    def get(self, name: str) -> bytes | None:
        """Give the bytes, None when there are none. Raises OutsiderAway."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


def build_copy_name(organisation_id: str, *, generation: int, size: int) -> str:
    """Name a checkpoint's copy: in order of size within a generation of the log."""
    return f"{organisation_id}/{generation}/{size:020d}.checkpoint"


class FileCopyStore:
    """Files that are linked into place, so that the first one stays, and made read-only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def store_copy(self, name: str, data: bytes, *, until: datetime) -> None:  # noqa: ARG002 - a folder knows no retention
        """Keep the bytes, on the disk when this returns."""
        path = self._folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            durable_files.write_new(path, data)
            path.chmod(_READ_ONLY)
        except FileExistsError:
            _compare_copy(self.get(name), data, name)
        except OSError as error:
            raise AttestorUnavailable("The folder of copies cannot be written.") from error

    def get(self, name: str) -> bytes | None:
        """Read the file."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AttestorUnavailable("The folder of copies cannot be read.") from error

    def close(self) -> None:
        """Nothing is open."""


class HttpCopyStore:
    """`PUT` with `If-None-Match: *` (RFC 9110, 13.1.2): only if new, as S3, its likes and WebDAV
    servers take it.

    With `retention` the headers of S3's object lock are sent as well; whether they bind is the
    store's to say. `sign` signs each request, as S3 wants it; a `token` is for stores that want a
    bearer token instead.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        sign: Sign | None = None,
        retention: bool = False,
    ) -> None:
        self._wire, self._url, self._retention, self._sign = (
            HttpClient(url),
            url.rstrip("/"),
            retention,
            sign,
        )
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def store_copy(self, name: str, data: bytes, *, until: datetime) -> None:
        """Keep the bytes, when nothing is kept under the name yet."""
        headers = {"If-None-Match": "*", "Content-Type": "text/plain; charset=utf-8"}
        # S3 takes nothing under object lock without a checksum.
        headers["x-amz-checksum-sha256"] = b64encode(sha256(data).digest()).decode()
        if self._retention:
            headers["x-amz-object-lock-mode"] = "COMPLIANCE"
            headers["x-amz-object-lock-retain-until-date"] = clock.to_rfc3339(until)
        answer = self._call("PUT", name, headers, data)
        if answer.status in {409, 412}:  # S3 says 409 while another call writes the same name
            _compare_copy(self.get(name), data, name)
        elif answer.status not in {200, 201, 204}:
            raise _build_unavailable(answer)

    def get(self, name: str) -> bytes | None:
        """Fetch the bytes."""
        answer = self._call("GET", name, {}, b"")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise _build_unavailable(answer)
        return answer.body

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def _call(self, method: str, name: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        words = {**self._headers, **headers}
        if self._sign is not None:
            words = self._sign(method, f"{self._url}/{name}", words, body)
        return self._wire.call(method, f"/{name}", body=body or None, headers=words, most=_MOST)


def open_copy_store(
    target: str, *, token: str | None = None, sign: Sign | None = None, retention: bool = False
) -> CopyStore:
    """Give the store of a `file:` or http(s) URL. Raises ValueError for another."""
    parts = urlsplit(target)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return FileCopyStore(Path(parts.path))
    return HttpCopyStore(target, token=token, sign=sign, retention=retention)


def get_retention_end(at: datetime, *, days: int) -> datetime:
    """Until when a copy made now must stay."""
    return at + timedelta(days=days)


def _compare_copy(kept: bytes | None, data: bytes, name: str) -> None:
    if kept is None:
        raise AttestorUnavailable(
            "The store of copies says that a name is taken, and has nothing under it."
        )
    if kept != data:
        raise CopyDiffers("Another checkpoint is kept under this name.", facts={"copy": name})


def _build_unavailable(answer: HttpAnswer) -> AttestorUnavailable:
    return AttestorUnavailable(
        "The store of copies does not take or give the copy.", facts={"status": answer.status}
    )
