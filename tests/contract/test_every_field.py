"""Every field of every form, found by introspection: what has another type is refused at its place
in our words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.forms import Form
from rest_framework import serializers
from rest_framework.fields import Field

import config.urls  # noqa: F401 - imports every form
from accounts.api.serializers import AddressField
from accounts.reason_forms import CodeAndWordsForm, ReasonForm
from config import error_codes
from core.api.fields import (
    CodeField,
    EmailField,
    FlagField,
    ReferenceField,
    ShownTextField,
    WholeNumberField,
    WordField,
)
from core.api.id_fields import IdField
from core.api.serializers import StrictSerializer, read_form
from core.errors import Invalid
from tests.contract.conftest import LIBRARY_WORDS
from voices.api.serializers.input_fields import NumberField, SpokenTextField, TranscriptField

AnyField = Field[Any, Any, Any, Any]
Path = tuple[str | int, ...]

NESTED: list[Any] = []
for _ in range(60):
    NESTED = [NESTED]

VALUES: tuple[object, ...] = (
    True, False, 0, 1, -1, 1.5, 2**53, 2**63, 10**400, float("inf"), float("nan"), "", "1", "true",
    "NaN", "text", "x" * 100_000, "9" * 5_000, "a\x00b", "\ud800", "\u202e", "\u0661",
    "2027-02-30T00:00:00Z", "P1Y" * 100, "a@", [], [None], [[]], [True], ["\ud800"], ["x"] * 2_000,
    NESTED, {}, {"a": 1}, {"": None}, {"a\x00": "b"}, {"__class__": "x"}, {"x" * 200: "y"},
    {str(n): n for n in range(50)},
)  # fmt: skip
FEW: tuple[object, ...] = (True, 1.5, "\ud800", [[]], {"a\x00": "b"})


def forms() -> list[type[StrictSerializer]]:
    """Every form that reads a request, those that are added later among them."""
    found: set[type[StrictSerializer]] = set()
    waiting = [StrictSerializer]
    while waiting:
        below = waiting.pop().__subclasses__()
        found.update(below)
        waiting.extend(below)
    return sorted(
        (form for form in found if not form.__module__.startswith("tests.")),
        key=lambda form: form.__name__,
    )


def fields(field: AnyField, path: Path = ()) -> Iterator[tuple[Path, AnyField]]:
    """Every field with its place: those of objects, and the first entry of lists."""
    yield path, field
    if isinstance(field, serializers.ListSerializer | serializers.ListField):
        if field.child is not None:
            yield from fields(field.child, (*path, 0))
    elif isinstance(field, serializers.Serializer):
        for name, inner in field.fields.items():
            yield from fields(inner, (*path, name))


def placed(path: Path, value: object) -> object:
    """The value at its place, in a body that has nothing else."""
    for step in reversed(path):
        value = [value] if step == 0 else {step: value}
    return value


def takes(field: AnyField, value: object) -> bool:
    """Whether the field's JSON type is that of the value."""
    match field:
        case serializers.ListSerializer() | serializers.ListField():
            return isinstance(value, list)
        case serializers.Serializer() | serializers.DictField():
            return isinstance(value, dict)
        case FlagField():
            return isinstance(value, bool)
        case WholeNumberField():
            return isinstance(value, int) and not isinstance(value, bool)
        case NumberField():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return isinstance(value, str)


def faults_of(form: type[StrictSerializer], body: object) -> dict[str | None, tuple[str, str]]:
    """Code and detail of what is wrong, by its place."""
    try:
        read_form(form, body)
    except Invalid as refusal:
        return {fault.attr: (fault.code, fault.detail) for fault in refusal.faults}
    return {}


@pytest.mark.parametrize("form", forms(), ids=lambda form: form.__name__)
class TestEveryField:
    def test_refuses_another_type_at_its_place_in_our_words(
        self, form: type[StrictSerializer]
    ) -> None:
        for path, field in fields(form()):
            place = ".".join(map(str, path)) or None
            for value in VALUES if len(path) < 2 else FEW:  # what lies deeper is a form of its own
                found = faults_of(form, placed(path, value))

                said = f"{form.__name__}.{place} = {value!r:.60}: {found!r:.300}"
                assert place in found or takes(field, value), said
                for code, detail in found.values():
                    assert error_codes.get_error_code(code) is not None, said
                    assert detail, said
                    assert not LIBRARY_WORDS.search(detail), said

    def test_has_no_neighbour_that_we_do_not_know(self, form: type[StrictSerializer]) -> None:
        for path, field in fields(form()):
            if isinstance(field, StrictSerializer):
                for odd in ("colour", "__class__", "a\x00", "x" * 5_000, "1"):
                    place = ".".join(map(str, (*path, odd[:100])))
                    found = faults_of(form, placed(path, {odd: 1}))
                    assert found.get(place, ("", ""))[0] == "unknown_field", (
                        f"{place}: {found!r:.300}"
                    )


SHOWN_TO_NOBODY = (
    WordField,
    ReferenceField,
    CodeField,
    IdField,
    EmailField,
    SpokenTextField,
    TranscriptField,
    AddressField,
)
"""Texts that are looked up, checked by rules of their own, or read by nobody else: their docstrings
say which.
"""


class TestAFieldForWords:
    def test_either_shows_something_or_says_why_it_need_not(self) -> None:
        found = {
            f"{form.__name__}.{'.'.join(map(str, path))}": type(field)
            for form in forms()
            for path, field in fields(form())
            if isinstance(field, serializers.CharField)
        }
        bare = {
            place: kind
            for place, kind in found.items()
            if kind is not ShownTextField and not issubclass(kind, SHOWN_TO_NOBODY)
        }
        assert bare == {}
        assert all(kind.__doc__ for kind in SHOWN_TO_NOBODY)
        assert {
            "ReasonRequestSerializer.reason",
            "EraseFormSerializer.reason",
            "CorrectionFormSerializer.reason",
            "VoiceFormSerializer.description",
        } <= {place for place, kind in found.items() if kind is ShownTextField}

    def test_takes_nothing_from_letters_that_draw_nothing(self) -> None:
        for form in forms():
            for name, field in form().fields.items():
                if isinstance(field, ShownTextField):
                    for text in ("\u200b", "\u2060\ufeff", "\u3164", "\u00ad \u200b"):
                        try:
                            said = field.run_validation(text)
                        except serializers.ValidationError as refusal:
                            assert refusal.get_codes() == ["blank"], f"{form.__name__}.{name}"
                        else:
                            assert said == "", f"{form.__name__}.{name}"

    def test_takes_no_words_that_turn_the_line_or_hold_controls(self) -> None:
        shown = {
            f"{form.__name__}.{'.'.join(map(str, path))}": field
            for form in forms()
            for path, field in fields(form())
            if isinstance(field, ShownTextField)
        }
        for place, field in shown.items():
            for sign in ("\u202e", "\u202b", "\u2067", "\u2069", "\ufff9", "\x1b", "\x85"):
                with pytest.raises(serializers.ValidationError) as refusal:
                    field.run_validation(f"Some words {sign}and more of them")
                codes = set(refusal.value.get_codes())
                assert codes <= {"invisible_characters", "control_characters"}, place

    @pytest.mark.parametrize("form", [ReasonForm, CodeAndWordsForm])
    def test_of_the_desk_takes_no_such_words_either(self, form: type[Form]) -> None:
        for sign in ("\u202e", "\u2067", "\u2069", "\x1b", "\x85"):
            said = f"Some words {sign}and more"
            filled = form({"reason": said, "words": said})
            assert not filled.is_valid()
            assert not filled.cleaned_data.get("words")

    @pytest.mark.parametrize("form", [ReasonForm, CodeAndWordsForm])
    def test_of_the_desk_takes_nothing_from_them_either(self, form: type[Form]) -> None:
        filled = form({"reason": "\u200b\u2060\u3164", "words": "\u200b\u2060\u3164"})
        assert not filled.is_valid()
        assert not filled.cleaned_data.get("words")


class TestTheWalk:
    def test_finds_the_forms_of_every_room(self) -> None:
        rooms = ("NewConsent", "NewKey", "SpeechForm", "ExportInput", "EraseForm", "VoiceForm")
        found = {form.__name__ for form in forms()}
        assert found >= {f"{name}Serializer" for name in rooms}
