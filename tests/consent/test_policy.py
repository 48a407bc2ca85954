"""The policy: every reason code, all reasons at once, and one single grant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from consent.policy import evaluate, use_cases
from consent.policy.state_machine import ConsentState
from consent.policy.types import AccessRequest, ConsentView, GrantView, PolicyContext
from tests.conftest import NOON

GRANT = GrantView(
    grant_id="grt_a",
    use_case="entertainment",
    actions=frozenset({"clone", "synthesize"}),
    languages=("en", "de-DE"),
    spelt=("en", "de-DE"),
    channels=frozenset({"web", "app"}),
    territories=frozenset({"EU"}),
)
CONSENT = ConsentView(
    consent_id="con_a",
    state=ConsentState.ACTIVE,
    assurance=1,
    valid_from=NOON,
    valid_until=NOON + timedelta(days=1),
    grants=(GRANT,),
    samples=frozenset({"aa"}),
    providers=frozenset({"inworld", "local"}),
)
ASK = AccessRequest(
    organisation_id="org_a",
    livemode=False,
    action="synthesize",
    consent_id="con_a",
    language="de-DE",
    use_case="entertainment.audiobook",
    channel="web",
    territory="FR",
    provider="inworld",
    characters=10,
)


def reasons(
    *,
    grant: dict[str, Any] | None = None,
    consent: dict[str, Any] | None = None,
    at: Any = NOON,
    **rest: Any,
) -> list[str]:
    """The codes against ASK, with changes to the grant, the consent, the other facts (`facts_…`)
    and the ask.
    """
    changed = replace(CONSENT, **{"grants": (replace(GRANT, **(grant or {})),), **(consent or {})})
    extra = {
        name.removeprefix("facts_"): rest.pop(name)
        for name in list(rest)
        if name.startswith("facts_")
    }
    return [
        one.code
        for one in evaluate.evaluate_request(
            replace(ASK, **rest), PolicyContext(at=at, consent=changed, **extra)
        ).reasons
    ]


class TestJudge:
    def test_allows_what_one_grant_covers(self) -> None:
        verdict = evaluate.evaluate_request(ASK, PolicyContext(at=NOON, consent=CONSENT))
        assert (verdict.is_allowed, verdict.reasons, verdict.grant) == (True, (), GRANT)

    @pytest.mark.parametrize(
        ("change", "codes"),
        [
            ({"consent": {"state": ConsentState.REQUESTED}}, ["consent_not_signed"]),
            ({"consent": {"state": ConsentState.CAPTURED}}, ["consent_not_signed"]),
            ({"consent": {"state": ConsentState.DECLINED}}, ["consent_not_signed"]),
            ({"consent": {"state": ConsentState.SUSPENDED}}, ["consent_suspended"]),
            ({"consent": {"state": ConsentState.WITHDRAWN}}, ["consent_revoked"]),
            ({"consent": {"state": ConsentState.INVALIDATED}}, ["consent_revoked"]),
            ({"consent": {"state": ConsentState.TERMINATED}}, ["consent_revoked"]),
            ({"consent": {"state": ConsentState.ERASED}}, ["consent_revoked"]),
            ({"consent": {"state": ConsentState.EXPIRED}}, ["consent_expired"]),
            ({"consent": {"assurance": 0}}, ["assurance_too_low"]),
            ({"assurance_floor": 2}, ["assurance_too_low"]),
            ({"facts_raised": {"entertainment": 2}}, ["assurance_too_low"]),
            ({"action": "train"}, ["action_not_covered"]),
            ({"use_case": "research"}, ["use_case_not_covered"]),
            ({"use_case": "entertainment.karaoke"}, ["use_case_unknown"]),
            ({"use_case": None}, ["use_case_unknown"]),
            ({"language": "ja"}, ["language_not_covered"]),
            ({"language": "de"}, ["language_not_covered"]),  # wider than what was granted
            ({"language": "und"}, ["language_unknown"]),
            ({"language": None}, ["language_unknown"]),
            ({"language": "no such tag"}, ["language_unknown"]),
            ({"channel": "telephone"}, ["channel_not_covered"]),
            ({"channel": None}, ["channel_not_covered"]),
            ({"territory": "US"}, ["territory_not_covered"]),
            ({"territory": None}, ["territory_not_covered"]),
            ({"labels": ("adult",)}, ["content_excluded"]),
            ({"labels": ("unsure",)}, ["content_excluded"]),
            (
                {"grant": {"exclusions": frozenset({"entertainment.audiobook"})}},
                ["content_excluded"],
            ),
            ({"labels": ("violence",)}, ["content_excluded"]),
            (
                {"grant": {"exclusions": frozenset({"dubbing"})}, "labels": ("dubbing",)},
                ["content_excluded"],
            ),
            ({"grant": {"exclusions": frozenset({use_cases.UNREADABLE})}}, ["content_excluded"]),
            ({"facts_forbidden": frozenset({"entertainment"})}, ["content_excluded"]),
            ({"grant": {"characters_left": 9}}, ["quota_exceeded"]),
            ({"grant": {"clips_left": 0}}, ["quota_exceeded"]),
            ({"grant": {"milliseconds_left": 0}}, ["quota_exceeded"]),
            ({"sample_sha256s": ("bb",)}, ["sample_not_covered"]),
            ({"voice_ready": False}, ["voice_not_ready"]),
            ({"voice_ready": False, "voice_expired": True}, ["voice_expired"]),
            ({"facts_held": True}, ["hold"]),
            ({"provider": "fish"}, ["provider_not_covered"]),
            ({"consent": {"providers": frozenset({"local"})}}, ["provider_not_covered"]),
            ({"consent": {"providers": frozenset[str]()}}, ["provider_not_covered"]),
            ({"action": "clone", "provider": "fish"}, ["provider_not_covered"]),
            ({"facts_representative_missing": True}, ["representative_missing"]),
        ],
    )
    def test_names_each_reason(self, change: dict[str, Any], codes: list[str]) -> None:
        assert reasons(**change) == codes

    @pytest.mark.parametrize(
        "change",
        [
            {"grant": {"characters_left": 10}},
            {"grant": {"clips_left": 1}},
            {"labels": ("adult",), "grant": {"sensitive_content": frozenset({"adult"})}},
            {"sample_sha256s": ("aa",)},
            {"territory": "eu"},
            {"language": "en-u-rg-uszzzz"},
            {"labels": ("dubbing",)},
            {"provider": "local"},
            {"provider": None},
            {"provider": " InWorld "},
        ],
    )
    def test_allows_up_to_the_edge(self, change: dict[str, Any]) -> None:
        assert reasons(**change) == []

    @pytest.mark.parametrize(
        ("late", "codes"),
        [
            (timedelta(microseconds=-1), ["consent_not_yet_valid"]),
            (timedelta(0), []),
            (timedelta(days=1, microseconds=-1), []),
            (timedelta(days=1), ["consent_expired"]),
        ],
    )
    def test_counts_the_term_half_open(self, late: timedelta, codes: list[str]) -> None:
        assert reasons(at=NOON + late) == codes

    def test_gives_all_reasons_at_once(self) -> None:
        codes = reasons(
            language="ja", use_case="advertising", channel=None, territory="US", labels=("adult",)
        )
        assert codes == [
            "assurance_too_low", "use_case_not_covered", "language_not_covered",
            "channel_not_covered", "territory_not_covered", "content_excluded",
        ]  # fmt: skip

    def test_tells_what_was_required_and_granted(self) -> None:
        (one,) = evaluate.evaluate_request(
            replace(ASK, language="ja"), PolicyContext(at=NOON, consent=CONSENT)
        ).reasons
        assert (one.consent, one.required, one.granted) == ("con_a", "ja", ("en", "de-DE"))

    @pytest.mark.parametrize("action", ["clone", "synthesize"])
    def test_tells_which_providers_the_person_agreed_to(self, action: str) -> None:
        (one,) = evaluate.evaluate_request(
            replace(ASK, action=action, provider="fish"), PolicyContext(at=NOON, consent=CONSENT)
        ).reasons
        assert (one.code, one.consent, one.grant) == ("provider_not_covered", "con_a", None)
        assert (one.required, one.granted) == ("fish", ("inworld", "local"))

    def test_never_mixes_grants(self) -> None:
        other = replace(
            GRANT, grant_id="grt_b", use_case="research", languages=("ja",), spelt=("ja",)
        )
        assert reasons(consent={"grants": (GRANT, other)}, language="ja") == [
            "language_not_covered"
        ]

    def test_explains_the_nearest_grant(self) -> None:
        far = replace(
            GRANT,
            grant_id="grt_b",
            use_case="research",
            languages=("fr",),
            channels=frozenset({"app"}),
        )
        assert reasons(consent={"grants": (far, GRANT)}, language="ja") == ["language_not_covered"]

    @pytest.mark.parametrize(
        ("near", "far", "codes"),
        [
            # A4: with fewer failures, the other grant would say that the use was not agreed to.
            ({}, {"use_case": "dubbing"}, ["channel_not_covered", "territory_not_covered"]),
            (
                {},
                {"actions": frozenset({"clone"})},
                ["channel_not_covered", "territory_not_covered"],
            ),
            ({}, {"languages": ("ja",)}, ["channel_not_covered", "territory_not_covered"]),
            (
                {"actions": frozenset({"clone"}), "languages": ("ja",)},
                {"use_case": "dubbing"},
                [
                    "action_not_covered", "language_not_covered", "channel_not_covered",
                    "territory_not_covered",
                ],
            ),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("order", [1, -1])
    def test_explains_the_grant_for_what_was_asked(
        self, near: dict[str, Any], far: dict[str, Any], codes: list[str], order: int
    ) -> None:
        everywhere = {"channels": frozenset({"*"}), "territories": frozenset({"*"})}
        wrong = replace(GRANT, **{"grant_id": "grt_b", **everywhere, **far})
        both = (replace(GRANT, **near), wrong)[::order]
        found = evaluate.evaluate_request(
            replace(ASK, channel=None, territory=None),
            PolicyContext(at=NOON, consent=replace(CONSENT, grants=both)),
        ).reasons
        assert [(one.code, one.grant) for one in found] == [(code, "grt_a") for code in codes]

    def test_lists_the_uses_of_all_grants(self) -> None:
        uses = ("entertainment.podcast", "dubbing", "dubbing", "research")
        held = tuple(
            replace(GRANT, grant_id=f"grt_{at}", use_case=use) for at, use in enumerate(uses)
        )
        (one,) = evaluate.evaluate_request(
            ASK, PolicyContext(at=NOON, consent=replace(CONSENT, grants=held))
        ).reasons
        assert one.granted == ("entertainment.podcast", "dubbing", "research")

    def test_refuses_without_a_consent(self) -> None:
        assert [
            one.code
            for one in evaluate.evaluate_request(ASK, PolicyContext(at=NOON, consent=None)).reasons
        ] == ["no_consent"]

    def test_refuses_a_consent_without_grants(self) -> None:
        assert reasons(consent={"grants": ()}) == ["action_not_covered"]

    def test_judges_of_a_clone_only_what_the_call_names(self) -> None:
        assert (
            reasons(action="clone", channel=None, territory=None, use_case=None, language=None)
            == []
        )
        assert reasons(action="clone", language="ja", channel=None, territory=None) == [
            "language_not_covered"
        ]

    def test_takes_new_recordings_for_a_clone_but_no_one_elses(self) -> None:
        assert reasons(action="clone", sample_sha256s=("bb",)) == []
        codes = reasons(
            action="clone", sample_sha256s=("bb",), facts_foreign_samples=frozenset({"bb"})
        )
        assert codes == ["sample_not_covered"]

    def test_is_in_doubt_about_an_active_consent_without_a_term(self) -> None:
        with pytest.raises(ValueError, match="without a term"):
            reasons(consent={"valid_until": None})

    def test_takes_no_negative_amount(self) -> None:
        with pytest.raises(ValueError, match="less than nothing"):
            replace(ASK, characters=-1)
