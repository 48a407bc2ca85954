"""Properties of the policy over random requests, grants and consents."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from consent.policy import actions, evaluate, providers, use_cases
from consent.policy.state_machine import ConsentState
from consent.policy.types import AccessRequest, ConsentView, PolicyContext
from tests.conftest import NOON
from tests.consent.test_policy import ASK, CONSENT, GRANT

asks = st.builds(
    replace,
    st.just(ASK),
    action=st.sampled_from(sorted(actions.ACTIONS)),
    language=st.sampled_from(["en", "de-DE", "ja", "und", None]),
    use_case=st.sampled_from(
        ["entertainment", "entertainment.audiobook", "research", "advertising", "nonsense", None]
    ),
    channel=st.sampled_from(["web", "telephone", None]),
    territory=st.sampled_from(["FR", "US", "*", None]),
    provider=st.sampled_from(sorted(providers.PROVIDERS)),
    characters=st.integers(0, 20),
    labels=st.sets(st.sampled_from(["adult", "unsure", "fine"])).map(tuple),
)
grants = st.builds(
    replace,
    st.just(GRANT),
    use_case=st.sampled_from(["entertainment", "research", "advertising"]),
    actions=st.frozensets(st.sampled_from(sorted(actions.ACTIONS))),
    languages=st.sampled_from([("en",), ("ja",), ("*",), ()]),
    channels=st.sampled_from([frozenset({"web"}), frozenset({"*"}), frozenset[str]()]),
    territories=st.sampled_from([frozenset({"EU"}), frozenset({"*"}), frozenset[str]()]),
    characters_left=st.sampled_from([None, 0, 10]),
)
consents = st.builds(
    replace,
    st.just(CONSENT),
    state=st.sampled_from(list(ConsentState)),
    grants=st.lists(grants, max_size=4).map(tuple),
    assurance=st.integers(0, 3),
    providers=st.frozensets(st.sampled_from(sorted(providers.PROVIDERS))),
)


class TestProperties:
    @given(asks, consents)
    def test_a_use_that_one_grant_covers_is_never_said_to_be_missing(
        self, ask: AccessRequest, consent: ConsentView
    ) -> None:
        found = evaluate.evaluate_request(ask, PolicyContext(at=NOON, consent=consent)).reasons
        missing = [one for one in found if one.code == "use_case_not_covered"]
        covered = ask.use_case is None or any(
            use_cases.covers_use_case(grant.use_case, ask.use_case) for grant in consent.grants
        )
        assert not (covered and missing)
        for one in missing:
            assert set(one.granted) == {grant.use_case for grant in consent.grants}

    @given(asks, consents)
    def test_reasons_name_one_grant_and_are_its_own(
        self, ask: AccessRequest, consent: ConsentView
    ) -> None:
        apart = [replace(grant, grant_id=f"grt_{at}") for at, grant in enumerate(consent.grants)]
        held = replace(consent, grants=tuple(apart))
        found = evaluate.evaluate_request(ask, PolicyContext(at=NOON, consent=held)).reasons
        named = {one.grant for one in found if one.grant is not None}
        assert len(named) <= 1
        for grant in (grant for grant in apart if grant.grant_id in named):
            alone = evaluate.evaluate_request(
                ask, PolicyContext(at=NOON, consent=replace(held, grants=(grant,)))
            ).reasons
            assert [(one.code, one.grant) for one in alone] == [
                (one.code, one.grant) for one in found
            ]

    @given(asks, consents)
    def test_allow_and_reasons_exclude_each_other(
        self, ask: AccessRequest, consent: ConsentView
    ) -> None:
        verdict = evaluate.evaluate_request(ask, PolicyContext(at=NOON, consent=consent))
        assert verdict.is_allowed is (verdict.reasons == ())

    @given(asks, consents)
    def test_nothing_is_allowed_unless_active(
        self, ask: AccessRequest, consent: ConsentView
    ) -> None:
        if evaluate.evaluate_request(ask, PolicyContext(at=NOON, consent=consent)).is_allowed:
            assert consent.state is ConsentState.ACTIVE

    @given(asks, consents)
    def test_nothing_is_allowed_at_a_provider_that_was_not_agreed_to(
        self, ask: AccessRequest, consent: ConsentView
    ) -> None:
        found = evaluate.evaluate_request(ask, PolicyContext(at=NOON, consent=consent))
        named = [one for one in found.reasons if one.code == "provider_not_covered"]
        assert bool(named) is (ask.provider not in consent.providers)
        assert not (named and found.is_allowed)
        for one in named:
            assert one.required == ask.provider
            assert one.granted == tuple(sorted(consent.providers))

    @given(asks, consents, st.frozensets(st.sampled_from(sorted(providers.PROVIDERS))))
    def test_fewer_providers_never_allow_more(
        self, ask: AccessRequest, consent: ConsentView, left: frozenset[str]
    ) -> None:
        fewer = replace(consent, providers=consent.providers & left)
        if evaluate.evaluate_request(ask, PolicyContext(at=NOON, consent=fewer)).is_allowed:
            assert evaluate.evaluate_request(
                ask, PolicyContext(at=NOON, consent=consent)
            ).is_allowed

    @given(asks, consents)
    def test_what_is_allowed_is_allowed_by_that_grant_alone(
        self, ask: AccessRequest, consent: ConsentView
    ) -> None:
        verdict = evaluate.evaluate_request(ask, PolicyContext(at=NOON, consent=consent))
        if verdict.grant is not None:
            alone = replace(consent, grants=(verdict.grant,))
            assert evaluate.evaluate_request(ask, PolicyContext(at=NOON, consent=alone)).is_allowed

    @given(
        asks,
        consents,
        st.frozensets(st.sampled_from(["entertainment", "research", "adult", "fine"])),
    )
    def test_more_exclusions_never_allow_more(
        self, ask: AccessRequest, consent: ConsentView, more: frozenset[str]
    ) -> None:
        if evaluate.evaluate_request(
            ask, PolicyContext(at=NOON, consent=consent, forbidden=more)
        ).is_allowed:
            assert evaluate.evaluate_request(
                ask, PolicyContext(at=NOON, consent=consent)
            ).is_allowed
