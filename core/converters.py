"""Path converters of our ids: `path("v1/consents/<consent:consent_id>", …)`.

`config/urls.py` registers them once, before it includes the routes. The view gets a text that it
looks up as it is, and answers 404 when no row has it.
"""

from __future__ import annotations

from typing import ClassVar, Final

from django.urls import register_converter
from django.urls.converters import StringConverter, get_converters

from core import ids

NO_ID: Final = ""
"""What stands for text that has not the shape of an id. No row has it."""


class IdConverter(StringConverter):
    """Reads an id with this prefix from one segment of a path.

    Malformed text becomes `NO_ID`. A ValueError, Django's way, would find no route at all: the
    answer would come without the key's check, and would name the address instead of the object.
    """

    prefix: ClassVar[ids.Prefix]

    def to_python(self, value: str) -> str:
        """Return the id, or `NO_ID`."""
        return value if ids.is_id(value, self.prefix) else NO_ID


def register_id_converters() -> None:
    """Register a converter for each kind of object. A second call changes nothing."""
    for name, prefix in ids.PREFIXES_IN_PATHS.items():
        if name not in get_converters():
            register_converter(type(f"{name}_id", (IdConverter,), {"prefix": prefix}), name)
