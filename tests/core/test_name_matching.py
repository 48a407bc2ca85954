"""Names compared as readers compare them: what keyboards and copies change makes no difference, a
letter does (C28 to C33).
"""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import name_matching, unicode_ranges

SAME = [
    # C28: apostrophes
    ("Maeve O'Example", "Maeve O\u2019Example"),
    ("Maeve O\u2018Example", "Maeve O\u02bcExample"),
    ("Maeve O\u00b4Example", "Maeve O`Example"),
    ("Дар'я", "Дар\u02bcя"),
    ("ג\u05f3ורג", "ג'ורג"),
    ("William \u201cBill\u201d Example", 'William "Bill" Example'),
    ("Maeve O' Example", "Maeve O\u2019Example"),
    ("\u201aBill\u2018 Example", "'Bill' Example"),
    # C29: dashes and spaces
    ("Anne\u2011Marie", "Anne-Marie"),
    ("Anne\u2013Marie", "Anne - Marie"),
    ("Anne\u00a0Marie", "Anne  Marie"),
    ("Ada\u2003Example", " Ada Example "),
    ("בן\u05beדוד", "בן-דוד"),
    ("ジャン\uff1dポール", "ジャン\u30a0ポール"),
    ("阿卜杜拉\u2022艾山", "阿卜杜拉\u00b7艾山"),
    # C30 and C31: what draws nothing
    ("Ada\u200b Example", "Ada Example"),
    ("\ufeffAda Example", "Ada Example"),
    ("Ada Exam\u00adple", "Ada Example"),
    ("דנה\u200f", "דנה"),
    ("علی\u200cرضا نمونه", "علیرضا نمونه"),
    ("葛\U000e0100城", "葛城"),
    ("Ada\u2068 Example\u2069", "Ada Example"),
    # C32: Turkish
    ("IŞIK ÖRNEK", "Işık Örnek"),
    ("Yıldız Örnek", "YILDIZ ÖRNEK"),
    ("İpek", "ipek"),
    ("IPEK", "İpek"),
    # C33: Persian and Arabic letters, and scripts that are spaced at will
    ("علي كاظمي", "علی کاظمی"),
    ("على", "علی"),
    ("علی\u200cرضا", "علی رضا"),
    ("عبد الله", "عبدالله"),
    ("山田\u3000太郎", "山田 太郎"),
    ("山田\u3000太郎", "山田太郎"),
    ("김 철수", "김철수"),
    ("ﾔﾏﾀﾞ ﾊﾅｺ", "ヤマダハナコ"),
    ("ヤマタ\u309bハナコ", "ヤマダ ハナコ"),
    ("サリー 山田", "サリ\uff0d山田"),
    ("أحمد إبراهيم آل سعود", "احمد ابراهیم ال سعود"),
    ("فاطمة", "فاطمه"),
    ("فاطمہ", "فاطمه"),
    ("خانۀ", "خانه"),
    ("مُحَمَّد", "محمد"),
    ("\ufe8d\ufedf\ufeea", "اله"),
    ("علی ۲", "علي ٢"),
    ("Ada २", "Ada 2"),
    # Thai and Lao
    ("น้ำฝน", "นํ้าฝน"),
    ("เเพร", "แพร"),
    # case, width, accents that a keyboard lacks
    ("Straße", "STRASSE"),
    ("Σίσυφος", "ΣΙΣΥΦΟΣ"),
    ("Ａｄａ", "ada"),
    ("Ana María Gómez", "ana maria gomez"),
    ("Ёлкина", "Елкина"),
    ("Nguyễn Văn Đặng", "Nguyen Van Dang"),
    ("Hoà Bình", "Hòa Bình"),
    ("\u00d0ặng", "Đặng"),
    ("Łukasz Żółć", "Lukasz Zolc"),
    ("Søren Ærø", "Soren Aero"),
    ("Þóra Guðrún", "Thora Gudrun"),
    ("Cœur d\u2019Example", "Coeur d'Example"),
    ("ײַדל װאָלף", "יידל וואלף"),
    ("דָּנָה", "דנה"),
]
OTHERS = [
    ("Maeve O'Example", "Maeve Example"),
    ("Maeve O'Example", "Maeve OExample"),
    ("Ada Example", "Ad Example"),
    ("Ada Example", "AdaExample"),
    ("Anne-Marie", "Anne Marie"),
    ("Anne-Marie", "AnneMarie"),
    # A mark makes another letter of Kana, of й and of Indic scripts.
    ("かとう", "がとう"),
    ("Андрей", "Андреи"),
    ("संजय", "सजय"),
    ("山田太郎", "山田次郎"),
    ("Åsa", "Isa"),
    ("Łukasz", "Tukasz"),
    ("น้ำ", "น้า"),
    ("แพร", "เพร"),
    ("サリー", "サリ"),
    ("Ada 2", "Ada 3"),
    ("", ""),
    ("\u200b", "\u200b"),
]
letters = st.characters(categories=("Lu", "Ll", "Lo"))
names = st.text(st.one_of(letters, st.sampled_from(" '-\u2019\u2011\u3000·iIıİ")), max_size=20)
ignorable = st.sampled_from(
    [chr(n) for n in range(0xE1000) if unicode_ranges.is_ignorable(chr(n))][::7]
)


@pytest.mark.parametrize(("kept", "typed"), SAME)
def test_one_name_is_known_in_another_spelling(kept: str, typed: str) -> None:
    assert name_matching.is_same_name(kept, typed)
    assert name_matching.is_same_name(typed, kept)


@pytest.mark.parametrize(("kept", "typed"), OTHERS)
def test_another_name_stays_another(kept: str, typed: str) -> None:
    assert not name_matching.is_same_name(kept, typed)
    assert not name_matching.is_same_name(typed, kept)


@given(names)
def test_a_folded_name_folds_to_itself(name: str) -> None:
    folded = name_matching.fold_name(name)
    assert name_matching.fold_name(folded) == folded


@given(names, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_a_form_of_unicode_makes_no_other_name(name: str, form: str) -> None:
    other = unicodedata.normalize(form, name)  # type: ignore[arg-type]  # one of the four
    assert name_matching.fold_name(other) == name_matching.fold_name(name)


@given(names, ignorable, st.integers(0, 20))
def test_what_draws_nothing_makes_no_other_name(name: str, char: str, at: int) -> None:
    with_it = name[:at] + char + name[at:]
    assert name_matching.fold_name(with_it) == name_matching.fold_name(name)


@given(st.text(st.characters(categories=("Lu", "Ll")), min_size=1, max_size=20))
def test_capitals_make_no_other_name(name: str) -> None:
    assert name_matching.is_same_name(name.upper(), name.lower())


@given(st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz' -"), max_size=12), st.data())
def test_a_letter_that_differs_makes_another_name(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name)))
    first, second = data.draw(st.permutations("abcdefghij"))[:2]

    assert not name_matching.is_same_name(
        name[:at] + first + name[at:], name[:at] + second + name[at:]
    )


@given(st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=2, max_size=12), st.data())
def test_a_missing_letter_makes_another_name(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    assert not name_matching.is_same_name(name, name[:at] + name[at + 1 :])
