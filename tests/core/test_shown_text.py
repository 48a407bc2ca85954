"""Words that people are shown: what turns or hides them is refused or taken out, what scripts need
stays.
"""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
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
    "Ada \u2068דוגמה\u2069",
    "Ada \u2067\u2066x\u2069\u2069",
]
HIDDEN = frozenset(map(chr, [*TURNING, *NOTHING, 0xFFF9, 0xFFFA, 0xFFFB]))
odd_texts = st.text(
    st.sampled_from([*sorted(HIDDEN), *"ab \n\r\t\x00\x1b\u200d\u0301漢"]) | st.characters(),
    max_size=30,
)


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

    def test_weighs_a_letter_of_han_kana_and_hangul_as_two(self) -> None:
        assert shown_text.weigh_text("朗読です 낭독 ab") == 4 * 2 + 1 + 2 * 2 + 1 + 2
        assert shown_text.weigh_letters("朗読 12 ab.") == 2 * 2 + 2

    def test_has_no_weight_by_what_draws_nothing(self) -> None:
        assert shown_text.weigh_text("a\u200e\u200d\ufe0f\U000e0100b") == 2

    def test_may_have_lines_of_any_system(self) -> None:
        field = ShownTextField(fewest=5, one_line=False)
        assert field.run_validation("One line\r\nand another") == "One line\nand another"

    @pytest.mark.parametrize("text", ["\u2067one\ntwo\u2069", "one\u2069", "\u2069\u2066one"])
    def test_closes_what_it_isolates_in_the_same_line(self, text: str) -> None:
        with pytest.raises(ValueError, match="direction"):
            shown_text.clean_text(text, one_line=False)

    def test_may_have_lines(self) -> None:
        assert (
            ShownTextField(fewest=5, one_line=False).run_validation("One line\nand another")
            == "One line\nand another"
        )


class TestADescription:
    @pytest.mark.parametrize("text", ["\u0301\u0308", "\u200d\u200d", "\u2800", "\ufe0f"])
    def test_that_draws_nothing_is_none(self, text: str) -> None:
        assert code_of(text, ShownTextField(fewest=0, one_line=False)) == "blank"
        assert ShownTextField(fewest=0, allow_blank=True).run_validation(text) == ""

    def test_may_be_of_signs(self) -> None:
        assert ShownTextField(fewest=0).run_validation("🎙!") == "🎙!"


class TestWordsThatNothingMayStop:
    def test_lose_what_hides_and_turns(self) -> None:
        said = shown_text.tame_text("No\x00, \u202ethanks\u2067.\r\nBye\u200b")
        assert said == "No, thanks.\nBye"

    @pytest.mark.parametrize("text", ["\u200b", "\u2800 \u0301", "\x00\u202e", " \r\n "])
    def test_are_none_where_nothing_is_drawn(self, text: str) -> None:
        assert shown_text.tame_text(text) == ""

    @given(odd_texts)
    def test_are_always_fit_to_be_shown(self, text: str) -> None:
        said = shown_text.tame_text(text)

        assert not HIDDEN.intersection(said)
        assert not any(
            unicodedata.category(one) in {"Cc", "Cs"} for one in said if one not in "\n\t"
        )
        assert said == "" or shown_text.clean_text(said, one_line=False) == said


@given(odd_texts, st.booleans())
def test_clean_words_are_clean_and_stay_as_they_are(text: str, one_line: bool) -> None:
    try:
        said = shown_text.clean_text(text, one_line=one_line)
    except ValueError:
        return

    assert shown_text.clean_text(said, one_line=one_line) == said
    assert not HIDDEN.difference("\u2066\u2067\u2068\u2069").intersection(said)
    assert one_line <= (not set("\n\t\u2028\u2029").intersection(said))
