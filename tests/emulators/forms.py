"""Multipart forms of requests whose body has been read already."""

from __future__ import annotations

from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import cast

from aiohttp import web


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file in a form."""

    name: str
    media_type: str
    data: bytes


async def read_form_files(request: web.Request) -> list[tuple[str, str | FormFile]]:
    """The fields and files of a multipart form, in their order."""
    head = b"Content-Type: " + request.headers["Content-Type"].encode() + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + await request.read())
    found: list[tuple[str, str | FormFile]] = []
    for part in message.iter_parts():
        field = str(part.get_param("name", header="content-disposition"))
        data = cast("bytes", part.get_payload(decode=True))
        file = part.get_filename()
        found.append(
            (
                field,
                data.decode() if file is None else FormFile(file, part.get_content_type(), data),
            )
        )
    return found


async def read_form_parts(
    request: web.Request,
) -> tuple[dict[str, str], dict[str, list[bytes]]]:
    """The fields and the files of a form, by name."""
    fields: dict[str, str] = {}
    files: dict[str, list[bytes]] = {}
    for name, value in await read_form_files(request):
        if isinstance(value, FormFile):
            files.setdefault(name, []).append(value.data)
        else:
            fields[name] = value
    return fields, files
