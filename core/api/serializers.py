"""Serializers that every API shares: forms that refuse unknown fields, and answers that render and
document.

An answer is declared once, as an `OutputSerializer`: the view renders with it, and the OpenAPI
document reads the same fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from core.api.fields import (
    ConstantField,
    ReferenceField,
    TimestampField,
)
from core.api.metadata_fields import MetadataChangesField, MetadataField
from core.caller_notes import Notes
from core.errors import Fault, Invalid

Row = TypeVar("Row")
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


class StrictSerializer(serializers.Serializer[Any]):
    """Validates input. An unknown field is an error, so a misspelt limit never passes for no
    limit.
    """

    default_error_messages = {"invalid": "This must be an object."}
    document_rules: ClassVar[Sequence[Mapping[str, Any]]] = ()
    """Which fields go together, in JSON Schema: the OpenAPI document says it."""

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


class NotedFormSerializer(StrictSerializer):
    """Holds the caller's own id and notes of a new object."""

    external_id = ReferenceField(max_length=200, required=False, allow_blank=True, allow_null=True)
    metadata = MetadataField(required=False)


class NoteChangesSerializer(StrictSerializer):
    """Holds changes to the caller's own id and notes.

    `metadata` is merged: null removes a key. An `external_id` of null is removed.
    """

    external_id = ReferenceField(max_length=200, required=False, allow_blank=True, allow_null=True)
    metadata = MetadataChangesField(required=False)


class NoteFilterSerializer(StrictSerializer):
    """What every list of objects may be narrowed by."""

    external_id = ReferenceField(
        max_length=200, required=False, help_text="Objects with exactly this `external_id`."
    )
    metadata = MetadataField(
        required=False,
        help_text=(
            "Objects with all these entries of `metadata`, each exactly: `metadata[shelf]=b`."
        ),
    )


class OutputSerializer(serializers.Serializer[Row], Generic[Row]):
    """Renders an answer and documents it.

    The value of a field is the attribute of its name (or of its `source`). What is no attribute of
    the row is returned by `compute_fields`, by field name. A view answers with
    `Response(SpeakerSerializer(row).data)` and names the class in `extend_schema`.
    """

    # A subclass reads it.
    def compute_fields(self, row: Row) -> Mapping[str, object]:  # noqa: ARG002
        """Return the values that are no attributes of the row, by field name."""
        return {}

    def to_representation(self, instance: Row) -> Rendered:
        """Return the answer, its members in the order of the declaration.

        Raises KeyError for a computed value that no field declares.
        """
        computed = self.compute_fields(instance)
        if unknown := computed.keys() - self.fields.keys():
            raise KeyError(f"no field declares {sorted(unknown)}")

        answer: Rendered = {}
        for name, field in self.fields.items():
            if name in computed:
                value = computed[name]
            elif _is_left_out(field, instance):
                continue
            else:
                value = field.get_attribute(instance)
            answer[name] = None if value is None else field.to_representation(value)
        return answer


def _is_left_out(field: serializers.Field[Any, Any, Any, Any], instance: object) -> bool:
    """Return whether `field` may be left out and `instance` has no value for it."""
    if field.required:
        return False
    name = str(field.source)
    return name not in instance if isinstance(instance, Mapping) else not hasattr(instance, name)


class ObjectSerializer(OutputSerializer[Row], Generic[Row]):
    """Renders an object of the API: the six members that all objects begin with come first.

    A subclass sets `object_name` and opens the caller's notes.
    """

    object_name: ClassVar[str]

    id = serializers.CharField()
    object = ConstantField("")
    created_at = TimestampField()
    livemode = serializers.BooleanField()
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields, with the name of this object in its place."""
        return {**super().get_fields(), "object": ConstantField(self.object_name)}

    def open_notes(self, row: Row) -> Notes:  # noqa: ARG002 - a subclass reads it
        """Return what the caller noted beside the row. An object without notes has none."""
        return Notes()

    def compute_fields(self, row: Row) -> Mapping[str, Any]:
        """Return the caller's notes."""
        notes = self.open_notes(row)
        return {"external_id": notes.external_id or None, "metadata": notes.metadata}


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
