"""REST plumbing that every room's API shares: strict JSON in, strict forms, cursor lists, times
out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import IO, Any, Final, TypeVar

from django.conf import settings
from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core import canonical_json, clock
from core.errors import Fault, Invalid, Malformed, TooLarge

Row = TypeVar("Row", bound=Model)
Rendered = dict[str, Any]

_LONGEST_DETAIL: Final = 500
_SENTENCES: Final[Mapping[str, str]] = {
    "not_a_list": "This must be a list.",
    "not_a_dict": "This must be an object.",
}
"""Our words for a few of the framework's, by code: theirs say `str`, `dict` and `NoneType`."""
_REWORDED: Final[Mapping[str, str]] = {
    "This field is required.": "This is missing.",
    "This field may not be null.": "This may not be null.",
    "This field may not be blank.": "This may not be blank.",
    "This list may not be empty.": "This list may not be empty: send one at least.",
    "No data provided": "This may not be null.",
}
"""Our words for the framework's own sentences, where a code can also come with a sentence of ours.
"""


class FixedContentNegotiation(DefaultContentNegotiation):
    """Every route answers in one way, whatever `Accept` says (RFC 9110, section 12.5.1, allows it).

    A client that asks for `audio/mpeg` gets its audio from a view that could also answer with a
    problem document.
    """

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 - the signature is the framework's
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002 - as above
    ) -> tuple[BaseRenderer, str]:
        """Give the first renderer."""
        first = next(iter(renderers))
        return first, first.media_type or ""


class StrictJSONParser(BaseParser):
    """Reads a JSON object: UTF-8, no duplicate keys, no NaN, no bigger than the limit.

    Raises Malformed or TooLarge.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - the signature is the framework's
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Give the object."""
        limit = (
            getattr((parser_context or {}).get("view"), "body_limit", None)
            or settings.SAYSO_MAX_JSON_BYTES
        )
        data = stream.read(limit + 1)
        if len(data) > limit:
            raise TooLarge(f"The body is over {limit} bytes.")
        value = canonical_json.load(data)
        if not isinstance(value, dict):
            raise Malformed("The body must be a JSON object.")
        return value


class StrictSerializer(serializers.Serializer[Any]):
    """Validates input; a field that nobody asked for is an error, so a misspelt limit never passes
    for no limit.
    """

    default_error_messages = {"invalid": "This must be an object."}

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown fields, then validate as usual."""
        if isinstance(data, Mapping):
            unknown = sorted(str(key) for key in data if key not in self.fields)
            if unknown:
                raise serializers.ValidationError(
                    {
                        key[:100]: [ErrorDetail("There is no such field.", code="unknown_field")]
                        for key in unknown[:20]
                    }
                )
        return super().to_internal_value(data)


class SecretResponse(Response):
    """An answer with something in it that is shown once, such as a key.

    It is never kept for a retry.
    """


def read_form(form: type[StrictSerializer], data: Any, **context: Any) -> dict[str, Any]:
    """Validate `data` with the form and give the clean values.

    Raises Invalid with one fault a problem.
    """
    bound = form(data=data, context=context)
    if not bound.is_valid():
        raise Invalid("Some fields are wrong.", faults=tuple(flatten_errors(bound.errors)))
    clean: dict[str, Any] = bound.validated_data
    return clean


def flatten_errors(errors: Any, path: str = "") -> list[Fault]:
    """Flatten DRF's nested errors to faults with dotted paths such as `grants.0.languages`."""
    if isinstance(errors, Mapping):
        return [
            fault
            for key, inner in errors.items()
            for fault in flatten_errors(
                inner, path if key == "non_field_errors" else f"{path}.{key}".lstrip(".")
            )
        ]
    if isinstance(errors, list):
        if errors and isinstance(errors[0], Mapping):
            return [
                fault
                for at, inner in enumerate(errors)
                for fault in flatten_errors(inner, f"{path}.{at}")
            ]
        return [fault for inner in errors for fault in flatten_errors(inner, path)]
    code = getattr(errors, "code", None) or "invalid"
    said = str(errors)[:_LONGEST_DETAIL]
    detail = _SENTENCES.get(code) or _REWORDED.get(said, said)
    return [Fault(code=code, detail=detail, attr=path or None)]


def format_timestamp(at: datetime | None) -> str | None:
    """A time as the API writes it, or None."""
    return clock.to_rfc3339(at) if at else None


def render_page(
    request: Request,
    rows: QuerySet[Row],
    render: Callable[[Row], Rendered],
    *,
    filters: Iterable[str] = (),
    by: str = "created_at",
) -> Response:
    """Answer one page of a list by cursor: `?limit=1..100 (20)&after=ID`, newest first by the time
    `by`, then by id.

    `filters` are the query parameters by which the view has narrowed `rows`. Raises Invalid for any
    other parameter, a limit out of range, or an `after` that is not in this list.
    """
    refuse_unknown(request, {"limit", "after", *filters})
    limit = _parse_limit(request.query_params.get("limit", "20"))
    if after := request.query_params.get("after"):
        rows = rows.filter(_filter_behind(rows, after, by))
    found = list(rows.order_by(f"-{by}", "-pk")[: limit + 1])
    data = [render(row) for row in found[:limit]]
    return Response(
        {
            "object": "list",
            "data": data,
            "has_more": len(found) > limit,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
        }
    )


def filters_of(request: Request) -> dict[str, str]:
    """The query parameters of a list but for those of its pages; a plus sign, which reads as a
    blank, is put back.
    """
    return {
        name: str(text).replace(" ", "+")
        for name, text in request.query_params.items()
        if name not in {"limit", "after"}
    }


def refuse_unknown(request: Request, known: Iterable[str]) -> None:
    """Raise Invalid (`unknown_field`) for a query parameter that is not known: a misspelt filter
    filters nothing.
    """
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        detail = "There is no such parameter."
        found = tuple(
            Fault(code="unknown_field", detail=detail, attr=name[:100]) for name in unknown[:20]
        )
        raise Invalid(detail, faults=found)


def _filter_behind(rows: QuerySet[Row], after: str, by: str) -> Q:
    moment = (
        None if "\0" in after else rows.filter(pk=after[:64]).values_list(by, flat=True).first()
    )
    if moment is None:
        detail = "`after` is not the id of a row of this list."
        raise Invalid(detail, faults=(Fault(code="invalid", detail=detail, attr="after"),))
    return Q(**{f"{by}__lt": moment}) | Q(**{by: moment}, pk__lt=after)


def _parse_limit(raw: str) -> int:
    if raw.isascii() and raw.isdigit() and len(raw) < 4 and 1 <= int(raw) <= 100:
        return int(raw)
    detail = "`limit` must be a whole number from 1 to 100."
    raise Invalid(detail, faults=(Fault(code="out_of_range", detail=detail, attr="limit"),))
