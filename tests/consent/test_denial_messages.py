"""Sentences of refusals: concrete, helpful, and without anything that a caller made up."""

from __future__ import annotations

import pytest

from consent.denial_messages import explain_reason
from consent.policy.types import Reason


def said(code: str, required: str | int | None = None, *granted: str | int) -> str:
    return explain_reason(
        Reason(code=code, detail="as it was", required=required, granted=granted)
    ).detail


class TestExplain:
    @pytest.mark.parametrize(
        ("code", "required", "granted", "sentence"),
        [
            (
                "language_not_covered",
                "ja",
                ("en", "de-DE"),
                "Japanese (ja) was not agreed to. The consent covers en, de-DE.",
            ),
            (
                "language_not_covered",
                "IW",
                ("en",),
                "Hebrew (he) was not agreed to. The consent covers en.",
            ),
            (
                "use_case_not_covered",
                "advertising.promo",
                ("entertainment.audiobook",),
                (
                    "The use advertising.promo was not agreed to. The consent covers "
                    "entertainment.audiobook."
                ),
            ),
            (
                "action_not_covered",
                "train",
                ("clone",),
                "The act train was not agreed to. The consent covers clone.",
            ),
            (
                "channel_not_covered",
                "app",
                ("web",),
                "The channel app was not agreed to. The consent covers web.",
            ),
            (
                "channel_not_covered",
                None,
                ("web",),
                "The call names no `channel`. The consent covers web alone.",
            ),
            (
                "territory_not_covered",
                "fr",
                ("DE", "AT"),
                "France (FR) was not agreed to. The consent covers DE, AT.",
            ),
            (
                "territory_not_covered",
                "uk",
                ("DE",),
                "The United Kingdom (GB) was not agreed to. The consent covers DE.",
            ),
            (
                "territory_not_covered",
                None,
                ("DE",),
                "The call names no `territory`. The consent covers DE alone.",
            ),
            (
                "provider_not_covered",
                "fish",
                ("inworld", "local"),
                (
                    "The provider Fish Audio (fish) was not agreed to. The consent covers "
                    "inworld, local."
                ),
            ),
            (
                "assurance_too_low",
                "L2",
                ("L1",),
                "This use needs a consent at level L2. This one is at L1.",
            ),
        ],
    )
    def test_says_what_was_asked_beside_what_was_agreed_to(
        self, code: str, required: str | None, granted: tuple[str, ...], sentence: str
    ) -> None:
        assert said(code, required, *granted) == sentence

    def test_speaks_of_the_nearest_grant_where_there_are_several(self) -> None:
        asked = Reason(code="language_not_covered", detail="", required="ja", granted=("en",))
        found = explain_reason(asked, of_several=True).detail
        assert found == "Japanese (ja) is not in the nearest grant, which covers en."

    @pytest.mark.parametrize(
        "code",
        [
            "language_not_covered",
            "use_case_not_covered",
            "channel_not_covered",
            "territory_not_covered",
            "provider_not_covered",
        ],
    )
    def test_never_repeats_what_is_no_code_of_ours(self, code: str) -> None:
        assert "Ada" not in said(code, "Ada Lovelace", "en")

    @pytest.mark.parametrize(
        "code", ["hold", "consent_revoked", "quota_exceeded", "internal_doubt"]
    )
    def test_leaves_alone_what_says_it_all(self, code: str) -> None:
        assert said(code) == "as it was"

    @pytest.mark.parametrize(
        ("code", "field"), [("use_case_unknown", "use_case"), ("language_unknown", "language")]
    )
    def test_names_the_field_to_fill(self, code: str, field: str) -> None:
        assert f"`{field}`" in said(code)
