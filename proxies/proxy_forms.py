"""What SDKs send as forms and in queries, in the shape that serializers read."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.request import Request

from core.api.uploads import explain_text_for_file
from core.errors import Fault, Invalid, Malformed


class UploadField(serializers.Field[bytes, Any, bytes, Any]):
    """A file of a form, as its bytes."""

    def to_internal_value(self, data: Any) -> bytes:
        """Return the bytes."""
        if not isinstance(data, UploadedFile):
            raise serializers.ValidationError(explain_text_for_file(self.field_name or "files"))
        return bytes(data.read())

    def to_representation(self, value: bytes) -> bytes:
        """Return the bytes."""
        return value


def read_multipart(request: Request, *, lists: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the fields and files of a form. Those in `lists` may repeat, and are lists.

    Raises Malformed for a body that is no form, Invalid (`duplicate`).
    """
    if not isinstance(request.data, QueryDict):
        raise Malformed("The body must be multipart/form-data.")

    return _take_single(request.data, lists)


def read_query(request: Request, *, lists: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the parameters of a query, as `read_multipart` does."""
    return _take_single(request.query_params, lists)


def _take_single(data: QueryDict, lists: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, values in data.lists():
        if name in lists:
            found[name] = values
            continue
        if len(values) != 1:
            detail = "This stands there twice."
            fault = Fault(code="duplicate", detail=detail, attr=name[:60])
            raise Invalid(detail, faults=(fault,))
        found[name] = values[0]

    return found
