"""Lets forms and fields say more of themselves in the OpenAPI document than the library asks for.

A field says it with `style=describe_field(…)`, a form with `document_rules`.
"""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from core.api.fields import CodeField, TextField
from core.api.openapi import PATTERN, PLAIN_TEXT, SCHEMA, VISIBLE_CODE, WORDS

Node = dict[str, Any]

_SIBLINGS: Final = ("default", "description", "examples")
"""What stands beside a reference."""


# The library's registration hooks.
class StrictForm(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """A form that refuses unknown fields says so, and which of its fields go together."""

    target_class = "core.api.serializers.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> Node:
        """Return the schema of the form, which allows no other properties."""
        mapped = auto_schema._map_serializer  # noqa: SLF001 - the library's documented way
        # The library has no types here.
        found: Node = mapped(  # type: ignore[no-untyped-call]
            self.target, direction, bypass_extensions=True
        )
        if found.get("type") != "object":
            return found

        rules = [dict(rule) for rule in self.target.document_rules]
        return {**found, "additionalProperties": False, **({"allOf": rules} if rules else {})}


# The library has no types.
class DescribedField(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A field that has more to say, a list that may not be empty, and texts of a few characters."""

    target_class = "rest_framework.fields.Field"
    match_subclasses = True

    @classmethod
    def _matches(cls, target: Any) -> bool:
        """Return whether there is anything to add. The library handles every other field."""
        return bool(_find_facts(target))

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> Node:
        """Return the schema of the field with what it says of itself."""
        mapped = auto_schema._map_serializer_field  # noqa: SLF001 - the library's documented way
        # The library has no types here.
        found: Node = mapped(  # type: ignore[no-untyped-call]
            self.target, direction, bypass_extensions=True
        )
        facts = _find_facts(self.target)

        if self.target.allow_null:
            # The library adds null to what is returned here. It has been added once already.
            if isinstance(found.get("type"), list):
                found["type"] = next(kind for kind in found["type"] if kind != "null")
            if "enum" in facts and WORDS not in facts:
                facts["enum"] = [*facts["enum"], None]

        return {**found, **facts}


def share_words(result: Node, **_: Any) -> Node:
    """Move each closed list of words to a schema of its own, which the fields refer to.

    Patterns that were marked are patterns from here on. The library would offer an empty text
    beside one that allows it already.

    The library calls this hook.
    """
    shared: Node = {}
    paths, schemas = (
        _refer_to_words(node, shared) for node in (result["paths"], result["components"]["schemas"])
    )
    components = result["components"] | {"schemas": schemas | shared}

    return result | {"paths": paths, "components": components}


def _find_facts(field: Any) -> Node:
    """Return what the field says of itself in the document."""
    facts = dict(field.style.get(SCHEMA, {})) if isinstance(field, serializers.Field) else {}
    if isinstance(field, serializers.ListField) and not field.allow_empty:
        facts["minItems"] = 1
    if isinstance(field, TextField | CodeField) and "enum" not in facts:
        usual = PLAIN_TEXT if isinstance(field, TextField) else VISIBLE_CODE
        facts |= {} if "pattern" in facts else {PATTERN: usual}

    return facts


def _refer_to_words(node: Any, shared: Node) -> Any:
    """Return the node with references in place of lists of words, and add the lists to `shared`."""
    if isinstance(node, list):
        return [_refer_to_words(inner, shared) for inner in node]
    if not isinstance(node, dict):
        return node
    if PATTERN in node:
        node = {"pattern" if key == PATTERN else key: inner for key, inner in node.items()}
    if not isinstance(name := node.get(WORDS), str):
        return {key: _refer_to_words(inner, shared) for key, inner in node.items()}

    shared[name] = {"type": "string", "enum": list(node["enum"])}
    reference: Node = {"$ref": f"#/components/schemas/{name}"}
    if "null" in node["type"]:
        reference = {"oneOf": [reference, {"type": "null"}]}

    return reference | {key: node[key] for key in _SIBLINGS if key in node}
