"""Uploads: multipart bodies read into memory under a limit for each file and one for their number,
never to disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, cast

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http.multipartparser import MultiPartParser as DjangoParser
from django.http.multipartparser import MultiPartParserError
from rest_framework.parsers import BaseParser, DataAndFiles

from core.body_size import FORM_OVERHEAD, parse_content_length
from core.errors import Malformed, TooLarge


class BoundedMemory(FileUploadHandler):
    """Keeps each file in memory and refuses the first byte over the limit, whatever length the
    client declared.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file."""
        super().new_file(*args, **kwargs)
        self._parts, self._size = [], 0

    # Django's signature.
    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:  # noqa: ARG002
        """Take a piece. Raises TooLarge."""
        self._size += len(raw_data)
        if self._size > self._limit:
            raise TooLarge(f"A file is over {self._limit} bytes.")
        self._parts.append(bytes(raw_data))
        return None

    # Django's signature.
    def file_complete(self, file_size: int) -> SimpleUploadedFile | None:  # noqa: ARG002
        """Return the file."""
        whole, self._parts = b"".join(self._parts), []  # not both at once for longer than it takes
        return SimpleUploadedFile(
            self.file_name or "file", whole, content_type="application/octet-stream"
        )


class UploadParser(BaseParser):
    """Reads multipart/form-data (RFC 7578) with the limits of the settings.

    Raises Malformed or TooLarge.
    """

    media_type = "multipart/form-data"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> DataAndFiles[Any, Any]:
        """Return the fields and files of a multipart body.

        Raises TooLarge for a body, or fields, over the limits, and Malformed for one that cannot be
        read.
        """
        context = parser_context or {}
        request, view = context["request"], context.get("view")
        largest = getattr(view, "body_limit", None) or settings.SAYSO_MAX_UPLOAD_BYTES
        limit = largest + FORM_OVERHEAD
        # The form's parser reads as much as was declared, and no more.
        if (parse_content_length(request.META.get("CONTENT_LENGTH")) or 0) > limit:
            raise TooLarge(f"The body is over {limit} bytes.")
        meta = {**request.META, "CONTENT_TYPE": media_type}
        handlers = [BoundedMemory(settings.SAYSO_MAX_UPLOAD_BYTES)]
        try:
            fields, files = DjangoParser(meta, cast("Any", stream), handlers, "utf-8").parse()
        except (MultiPartParserError, UnicodeDecodeError) as error:
            raise Malformed("The multipart body cannot be read.") from error
        words = sum(len(value) for name in fields for value in fields.getlist(name))
        if words > settings.SAYSO_MAX_JSON_BYTES:
            raise TooLarge(
                f"The fields of the form are over {settings.SAYSO_MAX_JSON_BYTES} characters."
            )
        return DataAndFiles(fields, files)


def explain_text_for_file(field: str) -> str:
    """Return what to tell a caller who sent a text in the place of a file, such as its name."""
    return (
        f"This came as a text. Send the file itself. With curl, `@` before its name does so: "
        f"`-F {field}=@recording.wav`."
    )
