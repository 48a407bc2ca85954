"""Copies of checkpoints in a place that we cannot change: a folder, or an HTTP store.

The first copy under a name stays. Both stores refuse another one, which makes a copy evidence. A
folder is only as strong as the machine that it is on, so mount one of another machine. An object
store with retention (object lock) is stronger.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from core import clock, durable_files
from core.errors import Conflict
from transparency_log.attestation.aws_sigv4 import Sign
from transparency_log.attestation.http_client import AttestorUnavailable, HttpAnswer, HttpClient

_READ_ONLY: Final = 0o400
# Notes are text of a few hundred bytes, with many cosignatures a few kilobytes.
_MAX_BYTES: Final = 2**16


class CopyDiffers(Conflict):
    """Another checkpoint is stored under this checkpoint's name: another history of this log was
    published before.
    """

    code = "log_copy_differs"


class CopyStore(Protocol):
    """A store of copies. Names look like `org_…/1/00000000000000000042.checkpoint`."""

    def store_copy(self, name: str, data: bytes, *, until: datetime) -> None:
        """Store `data` for good. Storing the same bytes twice is no error.

        Raises CopyDiffers, AttestorUnavailable.
        """
        ...

    def get(self, name: str) -> bytes | None:
        """Return the bytes, or None if there are none.

        Raises AttestorUnavailable.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def build_copy_name(organisation_id: str, *, generation: int, size: int) -> str:
    """Return the name of a checkpoint's copy. Names sort by size within a generation of the log."""
    return f"{organisation_id}/{generation}/{size:020d}.checkpoint"


class FileCopyStore:
    """Read-only files. `os.link` puts them into place, so the first one stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    # A folder has no retention.
    def store_copy(self, name: str, data: bytes, *, until: datetime) -> None:  # noqa: ARG002
        """Store the bytes. They are on the disk when this returns."""
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
        """Return the content of the file, or None if there is none."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AttestorUnavailable("The folder of copies cannot be read.") from error

    def close(self) -> None:
        """Do nothing: no connection is open."""


class HttpCopyStore:
    """`PUT` with `If-None-Match: *` (RFC 9110, 13.1.2), which S3 and WebDAV servers understand.

    With `retention` the headers of S3's object lock are sent as well. Whether they bind depends on
    the store. `sign` signs each request, as S3 wants it. `token` is a bearer token for other
    stores.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        sign: Sign | None = None,
        retention: bool = False,
    ) -> None:
        self._wire = HttpClient(url)
        self._url = url.rstrip("/")
        self._retention = retention
        self._sign = sign
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def store_copy(self, name: str, data: bytes, *, until: datetime) -> None:
        """Store the bytes if nothing is stored under the name yet."""
        headers = {"If-None-Match": "*", "Content-Type": "text/plain; charset=utf-8"}
        # S3 accepts nothing under object lock without a checksum.
        headers["x-amz-checksum-sha256"] = b64encode(sha256(data).digest()).decode()

        if self._retention:
            headers["x-amz-object-lock-mode"] = "COMPLIANCE"
            headers["x-amz-object-lock-retain-until-date"] = clock.to_rfc3339(until)

        answer = self._call("PUT", name, headers, data)

        # S3 answers 409 while another call writes the same name.
        if answer.status in {409, 412}:
            _compare_copy(self.get(name), data, name)
        elif answer.status not in {200, 201, 204}:
            raise _build_unavailable(answer)

    def get(self, name: str) -> bytes | None:
        """Fetch the bytes, or return None if there are none."""
        answer = self._call("GET", name, {}, b"")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise _build_unavailable(answer)

        return answer.body

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()

    def _call(self, method: str, name: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        words = {**self._headers, **headers}

        if self._sign is not None:
            words = self._sign(method, f"{self._url}/{name}", words, body)

        return self._wire.call(
            method, f"/{name}", body=body or None, headers=words, max_bytes=_MAX_BYTES
        )


def open_copy_store(
    target: str, *, token: str | None = None, sign: Sign | None = None, retention: bool = False
) -> CopyStore:
    """Return the store of a `file:` or http(s) URL.

    Raises ValueError for another URL.
    """
    parts = urlsplit(target)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return FileCopyStore(Path(parts.path))

    return HttpCopyStore(target, token=token, sign=sign, retention=retention)


def get_retention_end(at: datetime, *, days: int) -> datetime:
    """Return the time until which a copy made at `at` must stay."""
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
