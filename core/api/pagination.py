"""Lists of the API: one page at a time, by cursor, and its schema.

A list is declared once, `SpeakerList = make_list_serializer(SpeakerSerializer, "A page of
speakers.")`. Its view answers with `list_page(request, rows, SpeakerList)` and documents with
`extend_schema(parameters=PAGE, responses=SpeakerList)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import ConstantField
from core.api.serializers import OutputSerializer, Rendered
from core.errors import Fault, Invalid

Row = TypeVar("Row", bound=Model)
Item = TypeVar("Item")
Context = Mapping[str, Any] | None

PAGE: Final = (
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
        description="How many objects a page has.",
    ),
    OpenApiParameter(
        "after",
        {"type": "string", "pattern": "^[a-z]{3}_[a-z2-7]{26}$"},
        description="The `last_id` of the page before.",
    ),
)
"""The query parameters of a list that `list_page` answers."""
CODES_PAGE: Final = (
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 100},
        description="How many codes a page has: all of them when this is left out.",
    ),
    OpenApiParameter("after", OpenApiTypes.STR, description="The `last_id` of the page before."),
)
"""The query parameters of a list that `list_codes` answers."""
METADATA: Final = "metadata"
_ENTRY: Final = re.compile(rf"{METADATA}\[(.*)\]\Z", re.DOTALL)
"""How one entry of an object stands in a query (OpenAPI: `deepObject`)."""
_MOMENT_WITH_BLANK: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]+ [0-9]{2}:?[0-9]{2}\Z"
)


@dataclass(frozen=True)
class ListPage(Generic[Item]):
    """A page of a list: its objects, and whether more follow."""

    data: list[Item]
    has_more: bool = False


class PageSerializer(OutputSerializer[ListPage[Any]]):
    """Renders a page of objects. `make_list_serializer` makes the class for one kind of object."""

    object = ConstantField("list")
    data: Any = serializers.ListField()
    has_more = serializers.BooleanField()
    first_id = serializers.CharField(allow_null=True)
    last_id = serializers.CharField(allow_null=True)

    def to_representation(self, instance: ListPage[Any]) -> Rendered:
        """Return the page. Its ends are ids, or the codes of a list of codes."""
        data = self.fields["data"].to_representation(instance.data)
        first, last = (data[0], data[-1]) if data else ({}, {})
        return {
            "object": "list",
            "data": data,
            "has_more": instance.has_more,
            "first_id": first.get("id", first.get("code")),
            "last_id": last.get("id", last.get("code")),
        }


def make_list_serializer(
    item: type[serializers.BaseSerializer[Any]], description: str
) -> type[PageSerializer]:
    """Make the serializer of pages of `item`, named after it: `SpeakerList` of `SpeakerSerializer`.

    `description` is what the OpenAPI document tells of it.
    """
    name = item.__name__.removesuffix("Serializer").removesuffix("Object")
    return type(f"{name}List", (PageSerializer,), {"__doc__": description, "data": item(many=True)})


def list_page(
    request: Request,
    rows: QuerySet[Row],
    shown_as: type[PageSerializer],
    *,
    filters: Iterable[str] = (),
    among: QuerySet[Row] | None = None,
    by: str = "created_at",
    within: Callable[[Sequence[Row]], AbstractContextManager[Context]] = lambda _: nullcontext(),
) -> Response:
    """Answer one page of a list by cursor: `?limit=1..100 (20)&after=ID`, newest first by the time
    `by`, then by id.

    `filters` are the query parameters by which the view has narrowed `rows`, and `among` are the
    rows without them: `after` may be one that the filters no longer find. What the serializers need
    of other tables is read once for the whole page: it is rendered `within` the context manager of
    its rows, which holds the keys of their people or yields the serializers' context.

    Raises Invalid for any other parameter, a limit out of range, or an `after` that is not in this
    list.
    """
    page = read_page(request, rows, filters=filters, among=among, by=by)
    with within(page.data) as context:
        return Response(shown_as(page, context=dict(context or {})).data)


def list_codes(
    request: Request,
    rows: Mapping[str, Any],
    shown_as: type[PageSerializer],
    *,
    context: dict[str, Any] | None = None,
) -> Response:
    """Answer a closed list, `rows` by code: all of it, or `?limit=` codes behind `?after=`.

    Raises Invalid, as `list_page` does.
    """
    refuse_unknown(request, {"limit", "after"})
    asked, codes = request.query_params, list(rows)

    if (after := asked.get("after")) is not None:
        if after not in rows:
            raise _refuse_cursor()
        codes = codes[codes.index(after) + 1 :]

    limit = _parse_limit(asked.get("limit", "")) if "limit" in asked else len(codes)
    page = ListPage([rows[code] for code in codes[:limit]], has_more=len(codes) > limit)
    return Response(shown_as(page, context=context or {}).data)


def read_page(
    request: Request,
    rows: QuerySet[Row],
    *,
    filters: Iterable[str] = (),
    among: QuerySet[Row] | None = None,
    by: str = "created_at",
) -> ListPage[Row]:
    """Read the page that the request asks for. Raises Invalid, as `list_page` does."""
    refuse_unknown(request, {"limit", "after", *filters})
    limit = _parse_limit(request.query_params.get("limit", "20"))

    if (after := request.query_params.get("after")) is not None:
        # A walk goes on behind a row whose state has changed in the meantime.
        rows = rows.filter(_filter_behind(rows if among is None else among, after, by))

    # One more than the page has shows whether another page follows.
    found = list(rows.order_by(f"-{by}", "-pk")[: limit + 1])
    return ListPage(found[:limit], has_more=len(found) > limit)


def read_filters(request: Request) -> dict[str, Any]:
    """Return the query parameters of a list but for those of its pages.

    `metadata[shelf]=b` is the entry `shelf` of the object `metadata`. The plus sign of a time,
    which reads as a blank, is put back.
    """
    found: dict[str, Any] = {}
    entries: dict[str, str] = {}
    for name, told in request.query_params.items():
        text = str(told)
        if entry := _ENTRY.match(name):
            entries[entry[1]] = text
        elif name not in {"limit", "after"}:
            found[name] = text.replace(" ", "+") if _MOMENT_WITH_BLANK.match(text) else text

    # A `metadata` beside its entries is no object, and the form says so.
    return ({METADATA: entries} if entries else {}) | found


def refuse_unknown(request: Request, known: Iterable[str]) -> None:
    """Check that every query parameter is known and stands there once.

    A misspelt filter filters nothing, and of one that stands there twice only the last would.

    Raises Invalid (`unknown_field`, `duplicate`).
    """
    names = {METADATA if _ENTRY.match(name) else name for name in request.query_params}
    unknown = sorted(names - set(known))
    if unknown:
        detail = "There is no such parameter."
        found = tuple(
            Fault(code="unknown_field", detail=detail, attr=name[:100]) for name in unknown[:20]
        )
        raise Invalid(detail, faults=found)

    twice = [name for name, said in request.query_params.lists() if len(said) > 1]
    if twice:
        detail = "This parameter stands there more than once. Send it once."
        raise Invalid(
            detail, faults=tuple(Fault(code="duplicate", detail=detail, attr=one) for one in twice)
        )


def _filter_behind(rows: QuerySet[Row], after: str, by: str) -> Q:
    moment = (
        None if "\0" in after else rows.filter(pk=after[:64]).values_list(by, flat=True).first()
    )
    if moment is None:
        raise _refuse_cursor()
    return Q(**{f"{by}__lt": moment}) | Q(**{by: moment}, pk__lt=after)


def _refuse_cursor() -> Invalid:
    detail = "`after` is not the id of a row of this list."
    return Invalid(detail, faults=(Fault(code="invalid", detail=detail, attr="after"),))


def _parse_limit(raw: str) -> int:
    if raw.isascii() and raw.isdigit() and len(raw) < 4 and 1 <= int(raw) <= 100:
        return int(raw)
    detail = "`limit` must be a whole number from 1 to 100."
    raise Invalid(detail, faults=(Fault(code="out_of_range", detail=detail, attr="limit"),))
