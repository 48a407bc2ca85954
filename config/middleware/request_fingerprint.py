"""What makes two requests one: the address and what was parsed of the body, not its bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework.request import Request


def fingerprint_request(request: Request) -> str:
    """Return the SHA-256 over address and parsed body.

    Two spellings of one request count as one: the order of JSON's members, its spaces, the boundary
    of a form. Raises what the parsers raise.
    """
    parts = [request.get_full_path().encode(), *_fingerprint_parts(request)]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _fingerprint_parts(request: Request) -> Iterator[bytes]:
    data = request.data
    if not isinstance(data, QueryDict):
        yield b"json"
        yield json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
        return

    yield b"form"
    files = request.FILES
    for name in sorted(data):
        for value in data.getlist(name):
            if not isinstance(value, UploadedFile):
                yield json.dumps([name, value]).encode()
    for name in sorted(files):
        for file in files.getlist(name):
            digest = hashlib.sha256()
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
            yield json.dumps([name, digest.hexdigest()]).encode()
