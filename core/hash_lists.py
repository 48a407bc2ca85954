"""A column of hashes, and the search for rows that hold all of some.

PostgreSQL keeps an array, whose statistics tell its planner a rare hash from a common one. SQLite
keeps a JSON array.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

Hashes: TypeAlias = "list[str] | None"

if TYPE_CHECKING:
    _Field: TypeAlias = models.Field[Hashes, Hashes]
    _Lookup: TypeAlias = models.Lookup[Any]
else:
    # Generic in the stubs alone.
    _Field, _Lookup = models.Field, models.Lookup


class HashListField(_Field):
    """A list of hashes as texts, or None for no list."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """Return the type of the column."""
        return "text[]" if connection.vendor == "postgresql" else "text"

    def get_db_prep_value(
        self,
        value: Any,
        connection: BaseDatabaseWrapper,
        prepared: bool = False,  # noqa: ARG002, FBT001, FBT002 - as Django has it
    ) -> Any:
        """Return the value as the database takes it."""
        if value is None or connection.vendor == "postgresql":
            return value
        return json.dumps(value)

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Hashes:
        """Return the list of a stored value."""
        found: Hashes = json.loads(value) if isinstance(value, str) else value
        return found


@HashListField.register_lookup
class HoldsAll(_Lookup):
    """Finds the rows whose list holds every hash of another list: `…__holds_all=[…]`."""

    lookup_name = "holds_all"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the condition for PostgreSQL, which a GIN index answers."""
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} @> %s::text[]", (*parameters, list(self.rhs))

    # Django calls it by this name.
    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the condition for SQLite, which reads the rows of the list."""
        column, parameters = self.process_lhs(compiler, connection)
        held = f"SELECT held.value FROM json_each({column}) AS held"  # noqa: S608 - a column's name
        missing = f"SELECT 1 FROM json_each(%s) AS wanted WHERE wanted.value NOT IN ({held})"  # noqa: S608 - as above
        condition = f"({column} IS NOT NULL AND NOT EXISTS ({missing}))"
        return condition, (*parameters, json.dumps(list(self.rhs)), *parameters)
