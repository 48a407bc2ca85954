"""Languages: which tags the engine offers and what a wanted tag falls back to."""

from __future__ import annotations

import pytest

import engine
from engine.language_tags import (
    LanguageUnsupported,
    canonicalize_tag,
    lookup_voice,
    map_language_tags,
)

VOICES = {
    "de": "gmw/de",
    "en": "gmw/en",
    "en-US": "gmw/en-US",
    "zh": "sit/cmn",
    "he": "sem/he",
    "pt-BR": "roa/pt-BR",
}


class TestLookup:
    @pytest.mark.parametrize(
        ("wanted", "voice"),
        [
            ("de", "gmw/de"),
            ("de-AT", "gmw/de"),
            ("DE-at", "gmw/de"),
            ("de-Latn-CH-1996", "gmw/de"),
            ("de-DE-u-co-phonebk", "gmw/de"),
            ("en-us", "gmw/en-US"),
            ("en-AU", "gmw/en"),
            ("zh-Hant-TW", "sit/cmn"),
            ("cmn-Hans-CN", "sit/cmn"),
            ("iw", "sem/he"),
        ],
    )
    def test_falls_back_along_the_tag(self, wanted: str, voice: str) -> None:
        voices = VOICES | {"cmn": "sit/cmn"}

        assert lookup_voice(wanted, voices) == voice

    @pytest.mark.parametrize(
        "wanted", ["", "fr", "pt", "pt-PT", "xx-klingon", "not a tag", "-", "d" * 300, "en_US\n"]
    )
    def test_refuses_what_it_cannot_speak(self, wanted: str) -> None:
        with pytest.raises(LanguageUnsupported) as caught:
            lookup_voice(wanted, VOICES)

        assert caught.value.stable_code == "language_unsupported"


class TestTagged:
    def test_leaves_out_codes_that_are_no_languages(self) -> None:
        codes = (
            "piqd",
            "py",
            "ca-ba",
            "ru-cl",
            "en-us-nyc",
            "vi-vn-x-central",
            "chr-US-Qaaa-x-west",
        )

        assert map_language_tags((code, code) for code in codes) == {}

    def test_offers_the_everyday_tag_beside_the_technical_one(self) -> None:
        assert map_language_tags([("cmn", "a"), ("en-gb", "b"), ("nb", "c")]) == {
            "cmn": "a", "zh": "a", "en-GB": "b", "en": "b", "nb": "c", "no": "c",
        }  # fmt: skip


class TestSelfTest:
    def test_offers_over_a_hundred_languages(self) -> None:
        spoken = engine.list_languages()

        assert len(spoken) > 100
        assert {"en", "en-US", "de", "es", "fr", "ja", "zh", "ar", "hi", "pt-BR"} <= spoken
        assert all(canonicalize_tag(tag) == tag for tag in spoken)

    def test_leaves_out_the_languages_whose_dictionary_is_missing(self) -> None:
        assert {"fo", "kaa", "cv"}.isdisjoint(engine.list_languages())
