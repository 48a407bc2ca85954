"""Words that people are shown: what turns or hides them is refused or taken out, what scripts need
stays.
"""

from __future__ import annotations

import pytest
from rest_framework import serializers

from core import shown_text
from core.api.fields import ShownTextField
from core.errors import Invalid

TURNING = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
NOTHING = [0xAD, 0x180E, 0x200B, *range(0x2060, 0x2065), 0xFEFF, 0x3164, 0xE0001, 0xE0041, 0xE007F]
NEEDED = [
    "علی\u200cرضا",
    "क्\u200dष",
    "דנה\u200f",
    "Ada\u200e",
    "احمد\u061c",
    "葛\ufe00城",
    "Ada 👩\u200d🎤",
]


def code_of(text: object, field: ShownTextField) -> str:
    with pytest.raises(serializers.ValidationError) as caught:
        field.run_validation(text)
    details = caught.value.get_codes()
    return str(details[0]) if isinstance(details, list) else str(details)


class TestAName:
    @pytest.mark.parametrize("char", TURNING)
    def test_that_turns_the_direction_of_writing_is_refused(self, char: int) -> None:
        assert code_of(f"Ada {chr(char)}elpmaxE", ShownTextField()) == "invisible_characters"

    @pytest.mark.parametrize("char", ["\n", "\t", "\u2028", "\u2029"])
    def test_that_breaks_its_line_is_refused(self, char: str) -> None:
        assert code_of(f"Ada{char}Example", ShownTextField()) == "invisible_characters"

    @pytest.mark.parametrize("char", ["\x00", "\x1b", "\x85", "\ud800"])
    def test_with_control_characters_is_refused(self, char: str) -> None:
        assert code_of(f"Ada{char}Example", ShownTextField()) == "control_characters"

    @pytest.mark.parametrize("char", NOTHING)
    def test_loses_what_draws_nothing(self, char: int) -> None:
        assert (
            ShownTextField().run_validation(f"{chr(char)}Ada Exam{chr(char)}ple{chr(char)}")
            == "Ada Example"
        )

    @pytest.mark.parametrize("name", NEEDED)
    def test_keeps_what_its_script_needs(self, name: str) -> None:
        assert ShownTextField().run_validation(name) == name

    @pytest.mark.parametrize("char", NOTHING)
    def test_of_nothing_visible_is_blank(self, char: int) -> None:
        assert code_of(chr(char) * 5, ShownTextField()) == "blank"

    @pytest.mark.parametrize(
        "name", ["\u0301\u0308", "...", "-", "\u200d\u200d", "\u2800\u2800", "\ufe0f"]
    )
    def test_without_a_letter_or_a_digit_is_refused(self, name: str) -> None:
        assert code_of(name, ShownTextField()) == "too_short"

    @pytest.mark.parametrize(
        "name", ["Ö", "李", "م", "O’Brien-Smith", "Jr. 3", "ꦲ", "\u0e1b\u0e4d"]
    )
    def test_in_any_script_is_taken(self, name: str) -> None:
        assert ShownTextField().run_validation(name) == name

    def test_may_be_left_out_where_the_form_says_so(self) -> None:
        assert ShownTextField(allow_null=True).run_validation(None) is None
        assert ShownTextField(allow_blank=True).run_validation("\u200b") == ""

    def test_from_elsewhere_than_a_form_is_read_the_same(self) -> None:
        assert shown_text.clean_name("\ufeffAcme\u200b", attr="name") == "Acme"
        for wrong in ("Acme\u202e", "\u200b", "...", "Ac\nme"):
            with pytest.raises(Invalid):
                shown_text.clean_name(wrong, attr="name")


class TestAPurpose:
    @pytest.mark.parametrize(
        "text", ["." * 20, "\u0301" * 20, "a" + "." * 19, "\u2800" * 20, "🎙" * 20]
    )
    def test_with_hardly_a_letter_is_refused(self, text: str) -> None:
        assert code_of(text, ShownTextField(fewest=5, one_line=False)) == "too_short"

    def test_of_invisible_letters_is_blank(self) -> None:
        assert code_of("\u200b" * 25, ShownTextField(fewest=5, one_line=False)) == "blank"

    def test_may_have_lines(self) -> None:
        assert (
            ShownTextField(fewest=5, one_line=False).run_validation("One line\nand another")
            == "One line\nand another"
        )
