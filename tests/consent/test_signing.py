"""Signing: the link, the ticks, the name; each way in which a link can end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from consent import services
from consent.errors import AssuranceUnavailable, WrongState
from consent.models import Consent, Speaker
from consent.signing import ceremony, open_requests
from core.errors import Invalid
from tests.conftest import NOON
from tests.support.consent_factories import KEY, MakeRequest, codes, grant, token_of

pytestmark = pytest.mark.django_db
NAME = "Ana María Gómez"


def sign(made: services.ConsentRequest, *places: int, name: str = NAME) -> Consent:
    ids = [one.id for one in made.consent.grants.order_by("position")]
    return services.sign_consent(
        token_of(made), name_typed=name, ticked=tuple(ids[place] for place in places), at=NOON
    )


class TestTheView:
    def test_shows_notice_scope_and_name_in_the_language_of_the_request(
        self, make_request: MakeRequest
    ) -> None:
        view = ceremony.get_signing_view(token_of(make_request(locale="de")), at=NOON)
        assert (view.locale, view.organisation, view.speaker_name, len(view.sections)) == (
            "de",
            "Acme",
            NAME,
            15,
        )
        assert "Höchstens 1.000 Zeichen Text." in view.grants[0].sentences
        assert view.term == "12 Monate von dem Moment an, in dem Sie unterschreiben."

    def test_is_there_for_no_other_token(self, make_request: MakeRequest) -> None:
        make_request()
        with pytest.raises(open_requests.LinkNotFound):
            ceremony.get_signing_view("guess", at=NOON)


class TestSign:
    def test_puts_the_consent_in_force_from_that_moment(self, make_request: MakeRequest) -> None:
        consent = sign(make_request(), 0)
        assert (consent.state, consent.valid_from, codes(consent)) == ("active", NOON, [])

    def test_takes_only_what_was_ticked(self, make_request: MakeRequest) -> None:
        consent = sign(make_request(grant(), grant(use_case="research")), 0)
        assert codes(consent, use_case="research") == ["use_case_not_covered"]
        assert [one.declined_at for one in consent.grants.order_by("position")] == [None, NOON]

    @pytest.mark.parametrize("name", ["ana maria gomez", " Ana  María Gómez ", "ANA MARÍA GÓMEZ"])
    def test_knows_a_name_however_it_is_written(self, make_request: MakeRequest, name: str) -> None:
        assert sign(make_request(), 0, name=name).state == "active"

    @pytest.mark.parametrize("name", ["", "Ben", "Ana"])
    def test_refuses_another_name(self, make_request: MakeRequest, name: str) -> None:
        with pytest.raises(Invalid) as caught:
            sign(make_request(), 0, name=name)
        assert [fault.code for fault in caught.value.faults] == ["name_mismatch"]

    def test_refuses_without_a_tick(self, make_request: MakeRequest) -> None:
        with pytest.raises(Invalid) as caught:
            sign(make_request())
        assert [fault.code for fault in caught.value.faults] == ["nothing_ticked"]

    def test_refuses_a_tick_of_another_request(self, make_request: MakeRequest) -> None:
        made, other = make_request(), make_request()
        with pytest.raises(Invalid):
            services.sign_consent(
                token_of(made), name_typed=NAME, ticked=(other.consent.grants.get().id,), at=NOON
            )

    def test_at_level_1_is_not_enough_for_a_request_at_level_2(
        self, make_request: MakeRequest
    ) -> None:
        with pytest.raises(AssuranceUnavailable):
            sign(make_request(assurance="L2"), 0)

    def test_begins_no_earlier_than_asked(self, make_request: MakeRequest) -> None:
        consent = sign(make_request(valid_from=NOON + timedelta(days=1)), 0)
        assert (consent.valid_from, consent.valid_until) == (
            NOON + timedelta(days=1),
            NOON + timedelta(days=366),
        )
        assert codes(consent) == ["consent_not_yet_valid"]


class TestTheLink:
    @pytest.mark.parametrize(("days", "alive"), [(13.999, True), (14, False)])
    def test_lasts_a_fortnight(self, make_request: MakeRequest, days: float, alive: bool) -> None:
        token, at = token_of(make_request()), NOON + timedelta(days=days)
        if alive:
            assert ceremony.get_signing_view(token, at=at).grants
        else:
            with pytest.raises(open_requests.LinkEnded) as caught:
                ceremony.get_signing_view(token, at=at)
            assert caught.value.state == "lapsed"

    def test_is_good_once(self, make_request: MakeRequest) -> None:
        made = make_request()
        sign(made, 0)
        with pytest.raises(open_requests.LinkEnded) as caught:
            sign(made, 0)
        assert caught.value.state == "active"

    def test_ends_with_a_no(self, make_request: MakeRequest) -> None:
        made = make_request()
        assert (
            services.decline_request(token_of(made), reason="My agent said no", at=NOON).state
            == "declined"
        )
        with pytest.raises(open_requests.LinkEnded) as caught:
            sign(made, 0)
        assert caught.value.state == "declined"

    def test_ends_when_the_asked_term_is_over(self, make_request: MakeRequest) -> None:
        made = make_request(valid_until=NOON + timedelta(days=2))
        with pytest.raises(open_requests.LinkEnded):
            ceremony.get_signing_view(token_of(made), at=NOON + timedelta(days=2))

    def test_ends_with_the_person(self, make_request: MakeRequest, ana: Speaker) -> None:
        made = make_request()
        Speaker.objects.filter(pk=ana.pk).update(state="frozen")
        with pytest.raises(open_requests.LinkEnded):
            ceremony.get_signing_view(token_of(made), at=NOON)


class TestTheTestRoute:
    def test_signs_everything_once(self, make_request: MakeRequest) -> None:
        made = make_request(grant(), grant(use_case="research")).consent
        first = services.sign_as_test(
            made.id, organisation_id=made.organisation_id, actor=KEY, at=NOON
        )
        again = services.sign_as_test(
            made.id, organisation_id=made.organisation_id, actor=KEY, at=NOON
        )
        assert (first.state, first.record_sha256) == ("active", again.record_sha256)

    def test_signs_nothing_that_ended(self, make_request: MakeRequest) -> None:
        made = make_request()
        services.decline_request(token_of(made), reason="", at=NOON)
        with pytest.raises(WrongState):
            services.sign_as_test(
                made.consent.id, organisation_id=made.consent.organisation_id, actor=KEY, at=NOON
            )
