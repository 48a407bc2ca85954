"""A request that can never be used, or that nobody limited, says so at once (A13)."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Organisation
from consent.lifecycle import usability_warnings
from consent.policy import scope_parsing
from tests.voices.conftest import AUDIOBOOK, grant_of

pytestmark = pytest.mark.django_db


def warnings_about(
    *, level: str = "L1", livemode: bool = True, policy: dict[str, Any] | None = None, **grant: Any
) -> list[str | None]:
    scope, _ = scope_parsing.parse_scope(grant_of(**grant), prefix="grants.0.")
    found = usability_warnings.warn_of_useless_grants(
        [scope], level=level, livemode=livemode, policy=policy or {}
    )
    assert {one.code for one in found} <= {"never_usable"}
    return [one.attr for one in found]


class TestAGrant:
    @pytest.mark.parametrize(
        "use_case", ["advertising.commercial", "political", "model", "sublicense"]
    )
    def test_whose_use_needs_a_higher_level_is_told(self, use_case: str) -> None:
        assert warnings_about(use_case=use_case) == ["grants.0.use_case"]
        assert warnings_about(use_case=use_case, level="L2", livemode=False) == []

    def test_whose_level_the_policy_raised_is_told(self) -> None:
        raised = {"minimum_assurance": {"entertainment": "L2"}}
        assert warnings_about(policy=raised) == ["grants.0.use_case"]
        assert warnings_about() == []

    def test_that_excludes_itself_is_told(self) -> None:
        assert warnings_about(exclusions=[AUDIOBOOK]) == ["grants.0.exclusions"]
        assert warnings_about(exclusions=["entertainment"]) == ["grants.0.exclusions"]
        assert warnings_about(exclusions=["political"]) == []

    @pytest.mark.parametrize(
        ("use_case", "exclusions", "told"),
        [
            ("advertising.endorsement", ["endorsement"], True),
            ("telephony", ["telephony.outbound"], True),
            ("political", ["political.campaign", "political.issue"], True),
            ("political", ["political.campaign"], False),
            ("advertising", ["endorsement"], False),
        ],
    )
    def test_that_excludes_all_that_it_covers_is_told(
        self, use_case: str, exclusions: list[str], told: bool
    ) -> None:
        found = warnings_about(use_case=use_case, exclusions=exclusions, level="L2", livemode=False)
        assert found == (["grants.0.exclusions"] if told else [])

    def test_of_nothing_is_told(self) -> None:
        assert warnings_about(quota={"characters": 0}) == ["grants.0.quota.characters"]

    def test_of_a_link_that_is_handed_over_has_a_warning_already(self) -> None:
        assert warnings_about(use_case="political", level="L0") == []

    def test_says_what_is_not_set_up(self, acme: Organisation) -> None:
        scope, _ = scope_parsing.parse_scope(grant_of(use_case="political"), prefix="")
        (live,) = usability_warnings.warn_of_useless_grants(
            [scope], level="L1", livemode=True, policy={}
        )
        (test,) = usability_warnings.warn_of_useless_grants(
            [scope], level="L1", livemode=False, policy={}
        )
        assert "Signing at L2 is not set up here." in live.detail
        assert "not set up" not in test.detail


class TestALimit:
    def test_that_is_left_out_is_told_and_a_star_is_meant(self) -> None:
        wide = {k: v for k, v in grant_of().items() if k not in {"channels", "territories"}}
        found = usability_warnings.warn_of_silent_limits([grant_of(), wide])
        assert [(one.code, one.attr) for one in found] == [
            ("unlimited", "grants.1.channels"), ("unlimited", "grants.1.territories"),
        ]  # fmt: skip
