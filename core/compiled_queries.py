"""Queries whose SQL is made once, for rows that nearly every step of a call looks up.

Django makes the SQL of a query at each use. For a row found by its key that takes twenty times as
long as the database needs to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=Model)


class _Place(str):
    """Stands for a text of a later call, among the parameters of a query."""

    __slots__ = ("number",)

    def __new__(cls, number: int) -> _Place:
        """Make the place of the text with this number. The query keeps the object itself."""
        place = super().__new__(cls, f"text {number}")
        place.number = number
        return place

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan(Generic[M]):
    """The SQL of a query on one kind of database, and how a row of it becomes an object."""

    sql: str
    parameters: tuple[Any, ...]
    model: type[M]
    columns: slice
    names: tuple[str, ...]
    converters: tuple[tuple[int, Any, Any], ...]
    related: tuple[Any, ...]
    annotations: tuple[tuple[str, int], ...]

    def fill(self, texts: Sequence[str]) -> list[Any]:
        """Return the parameters with the texts of one call."""
        return [texts[one.number] if isinstance(one, _Place) else one for one in self.parameters]

    def read(self, row: Sequence[Any]) -> M:
        """Return the object of a row, with what `select_related` and `annotate` ask for."""
        values = list(row)
        for place, convert, column in self.converters:
            values[place] = convert(values[place], column, connection)

        found = self.model.from_db(connection.alias, self.names, values[self.columns])
        for populator in self.related:
            populator.populate(values, found)
        for name, place in self.annotations:
            setattr(found, name, values[place])
        return found


class CompiledQuery(Generic[M]):
    """The rows of a query that depends on texts alone, such as ids and hashes.

    `build` makes the query from as many texts as it is called with later. The query takes no locks,
    because Django refuses a lock outside a transaction while it makes the SQL.
    """

    def __init__(self, build: Callable[..., QuerySet[M]], *, texts: int) -> None:
        self._build = build
        self._texts = texts
        self._plans: dict[tuple[str, bool], _Plan[M]] = {}

    def find_first(self, *texts: str) -> M | None:
        """Return the first row for these texts, or None.

        Raises ValueError for too many or too few texts.
        """
        found = self._read_rows(texts, first=True)
        return found[0] if found else None

    def find_all(self, *texts: str) -> list[M]:
        """Return all rows for these texts.

        Raises ValueError for too many or too few texts.
        """
        return self._read_rows(texts, first=False)

    def _read_rows(self, texts: Sequence[str], *, first: bool) -> list[M]:
        if len(texts) != self._texts:
            raise ValueError(f"this query takes {self._texts} texts, not {len(texts)}")

        kind = (connection.vendor, first)
        plan = self._plans.get(kind)
        if plan is None:
            plan = self._plans[kind] = self._compile(first=first)

        with connection.cursor() as cursor:
            cursor.execute(plan.sql, plan.fill(texts))
            rows = cursor.fetchall()
        return [plan.read(row) for row in rows]

    def _compile(self, *, first: bool) -> _Plan[M]:
        rows = self._build(*map(_Place, range(self._texts)))
        if first:
            rows = (rows if rows.ordered else rows.order_by("pk"))[:1]
        query = rows.query
        if query.select_for_update:
            raise ValueError("a compiled query takes no locks")

        compiler = query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        selected: Any = compiler.select
        kind: Any = compiler.klass_info
        columns = slice(kind["select_fields"][0], kind["select_fields"][-1] + 1)
        expressions = [column for column, *_ in selected]
        # The stubs are of a later Django, whose function takes more.
        make_populators: Any = get_related_populators

        return _Plan(
            sql=sql,
            parameters=tuple(parameters),
            model=kind["model"],
            columns=columns,
            names=tuple(column.target.attname for column in expressions[columns]),
            converters=tuple(
                (place, convert, column)
                for place, (converters, column) in compiler.get_converters(expressions).items()
                for convert in converters
            ),
            related=tuple(make_populators(kind, selected, connection.alias)),
            annotations=tuple((compiler.annotation_col_map or {}).items()),
        )
