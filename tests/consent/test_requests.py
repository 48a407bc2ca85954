"""Requests: the term, the grants, the link, and asking again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Organisation
from consent import gate, services
from consent.errors import (
    AssuranceUnavailable,
    ConsentSuperseded,
    KindRefused,
    SpeakerErased,
    WrongState,
)
from consent.lifecycle import signing_links
from consent.models import Consent, Speaker
from consent.signing import ceremony, open_requests
from core.errors import Invalid, NotFound
from tests.conftest import NOON
from tests.support import consent_factories
from tests.support.consent_factories import (  # fmt: skip
    KEY,
    MakeConsent,
    MakeRequest,
    MakeSpeaker,
    check,
    codes,
    grant,
    of,
    revoke,
    token_of,
)
from transparency_log import proofs

pytestmark = pytest.mark.django_db
YEAR = timedelta(days=365)


def faults(
    make_request: MakeRequest, *grants: dict[str, Any], **changes: Any
) -> list[tuple[str, str | None]]:
    with pytest.raises(Invalid) as caught:
        make_request(*grants, **changes)
    return [(fault.code, fault.attr) for fault in caught.value.faults]


class TestARequest:
    def test_waits_for_an_answer_behind_a_secret_link(self, make_request: MakeRequest) -> None:
        made = make_request()
        assert (made.consent.state, made.consent.record) == ("requested", None)
        assert made.consent.link_sha256 == signing_links.hash_link_token(token_of(made))

    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"duration": None}, ("term_ambiguous", "duration")),
            ({"duration": "P1Y", "valid_until": NOON + YEAR}, ("term_ambiguous", "duration")),
            ({"valid_until": NOON}, ("term_empty", "valid_until")),
            ({"duration": "P0D"}, ("term_empty", "duration")),
            ({"duration": "P10Y1D"}, ("term_too_long", "duration")),
            (
                {"valid_from": NOON + YEAR, "valid_until": NOON + YEAR},
                ("term_empty", "valid_until"),
            ),
            ({"valid_from": NOON + 11 * YEAR}, ("out_of_range", "valid_from")),
            ({"notice": "another"}, ("notice_unknown", "notice")),
            ({"locale": "ja"}, ("locale_unknown", "locale")),
        ],
    )
    def test_says_what_is_wrong_with_it(
        self, make_request: MakeRequest, changes: dict[str, Any], fault: tuple[str, str]
    ) -> None:
        assert faults(make_request, **changes) == [fault]

    def test_may_last_ten_years_and_not_a_moment_longer(self, make_request: MakeRequest) -> None:
        assert make_request(duration="P10Y").consent.duration == "P10Y"

    def test_tells_all_mistakes_of_all_grants(self, make_request: MakeRequest) -> None:
        bad = grant(
            use_case="karaoke",
            intended_uses="too short",
            languages=["en", "en", "xx"],
            channels=["ether"],
        )
        assert faults(make_request, bad, grant(actions=["sing"])) == [
            ("use_case_unknown", "grants.0.use_case"),
            ("too_short", "grants.0.intended_uses"),
            ("duplicate", "grants.0.languages.1"),
            ("language_unknown", "grants.0.languages.2"),
            ("channel_unknown", "grants.0.channels.0"),
            ("action_unknown", "grants.1.actions.0"),
        ]

    @pytest.mark.parametrize("count", [0, 21])
    def test_has_one_to_twenty_grants(
        self, make_request: MakeRequest, ana: Speaker, count: int
    ) -> None:
        with pytest.raises(Invalid):
            services.request_consent(
                organisation=ana.organisation, livemode=False, speaker_id=ana.id,
                grants=[grant()] * count, duration="P1Y", actor=KEY, at=NOON,
            )  # fmt: skip

    def test_warns_of_vague_words(self, make_request: MakeRequest) -> None:
        made = make_request(grant(intended_uses="For any purpose whatsoever in all media."))
        assert "vague" in [one.code for one in made.warnings]

    @pytest.mark.parametrize(
        ("words", "nearest"),
        [
            ("pineapples", ""),
            ("politics", "political"),
            ("entertainment.podcasts", "entertainment.podcast"),
        ],
    )
    def test_that_excludes_what_no_one_could_judge_by_is_refused_with_the_nearest_codes(
        self, make_request: MakeRequest, words: str, nearest: str
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            make_request(grant(exclusions=[words]))
        (fault,) = refusal.value.faults
        assert (fault.code, fault.attr) == ("exclusion_unknown", "grants.0.exclusions.0")
        assert nearest in fault.detail

    @pytest.mark.parametrize(
        ("languages", "codes"),
        [
            (["en"], []),
            (["en", "ja"], []),
            (["zh-Hant"], ["language_covers_less"]),
            (["pt-BR"], ["language_covers_less"]),
            (["es-419"], ["language_covers_less"]),
            (["zh"], ["language_covers_less"]),
            (["cmn"], ["language_covers_less"]),
            (["no"], ["language_covers_more"]),
            (["nb"], []),
            (["*"], ["language_covers_more"]),
            (["en", "de-DE", "*"], ["language_covers_less", "language_covers_more"]),
        ],
    )
    def test_warns_where_a_language_covers_less_or_more_than_its_reader_might_think(
        self, make_request: MakeRequest, languages: list[str], codes: list[str]
    ) -> None:
        made = make_request(grant(languages=languages))
        assert [one.code for one in made.warnings] == codes
        assert all((one.attr or "").startswith("grants.0.languages.") for one in made.warnings)

    def test_is_kept_in_canonical_words(self, make_request: MakeRequest) -> None:
        asked = grant(
            use_case="Entertainment.AudioBook",
            exclusions=["ENTERTAINMENT.PODCAST", "Medical-Advice"], channels=["TV", "Phone"],
            territories=["uk"],
        )  # fmt: skip
        scope = make_request(asked).consent.grants.get().scope
        assert scope["use_case"] == "entertainment.audiobook"
        assert scope["exclusions"] == ["entertainment.podcast", "medical_advice"]
        assert (scope["channels"], scope["territories"]) == (["broadcast", "telephone"], ["GB"])

    def test_at_a_level_that_cannot_be_reached_is_refused_for_live_data(
        self, make_speaker: MakeSpeaker, make_request: MakeRequest
    ) -> None:
        with pytest.raises(AssuranceUnavailable):
            make_request(speaker=make_speaker(livemode=True), assurance="L2")
        assert make_request(assurance="L2").consent.assurance == "L2"

    def test_to_a_neighbours_speaker_is_to_no_one(
        self, make_speaker: MakeSpeaker, bolt: Organisation
    ) -> None:
        theirs = make_speaker(organisation=bolt)
        with pytest.raises(NotFound):
            services.request_consent(
                organisation=make_speaker().organisation, livemode=False, speaker_id=theirs.id,
                grants=[grant()], duration="P1Y", actor=KEY, at=NOON,
            )  # fmt: skip

    def test_to_someone_frozen_is_refused(self, make_request: MakeRequest, ana: Speaker) -> None:
        Speaker.objects.filter(pk=ana.pk).update(state="frozen")
        with pytest.raises(SpeakerErased):
            make_request()

    def test_may_be_called_back(self, make_request: MakeRequest) -> None:
        made = make_request()
        assert revoke(made.consent).state == "lapsed"
        with pytest.raises(open_requests.LinkEnded):
            ceremony.get_signing_view(token_of(made), at=NOON)

    def test_shows_its_link_only_while_it_can_be_used(self, make_request: MakeRequest) -> None:
        made = make_request()
        assert signing_links.get_signing_url(made.consent, at=NOON) == made.signing_url
        assert signing_links.get_signing_url(made.consent, at=NOON + timedelta(days=14)) is None
        signed = services.sign_as_test(
            made.consent.id, organisation_id=made.consent.organisation_id, actor=KEY, at=NOON
        )
        assert signing_links.get_signing_url(signed, at=NOON) is None


class TestRenew:
    def test_asks_for_the_same_again(self, consent: Consent) -> None:
        again = services.renew_consent(consent.id, **of(consent)).consent
        assert (again.duration, again.supersedes_id) == ("P1Y", consent.id)
        assert again.grants.get().scope == consent.grants.get().scope

    def test_gives_the_open_request_when_asked_twice(self, consent: Consent) -> None:
        first, second = (
            services.renew_consent(consent.id, **of(consent)),
            services.renew_consent(consent.id, **of(consent)),
        )
        assert (first.consent, first.signing_url) == (second.consent, second.signing_url)

    def test_writes_down_that_the_last_one_was_not_answered(self, consent: Consent) -> None:
        """A state that no entry explains would make every later bundle of the organisation one that
        does not verify.
        """
        stale = services.renew_consent(consent.id, **of(consent)).consent
        later = NOON + timedelta(days=15)
        services.renew_consent(consent.id, **{**of(consent), "at": later})
        stale.refresh_from_db()
        assert (stale.state, stale.ended_at) == ("lapsed", later)
        kinds = [event.kind for event in proofs.list_history(stale.organisation_id, stale.id)]
        assert kinds == ["consent.requested", "consent.lapsed"]

    def test_leaves_the_old_one_in_force_until_it_is_signed(self, consent: Consent) -> None:
        services.renew_consent(consent.id, **of(consent))
        assert codes(consent) == []

    def test_signed_carries_the_voices_of_the_old_one(self, consent: Consent) -> None:
        again = services.renew_consent(consent.id, **of(consent)).consent
        services.sign_as_test(again.id, organisation_id=consent.organisation_id, actor=KEY, at=NOON)
        consent.refresh_from_db()
        assert (consent.state, check(consent).consent_id) == ("superseded", again.id)
        with pytest.raises(ConsentSuperseded) as caught:
            revoke(consent)
        assert caught.value.facts == {"superseded_by": again.id}

    def test_of_what_was_withdrawn_leaves_it_withdrawn(self, consent: Consent) -> None:
        revoke(consent, reason="requested_by_person")
        again = services.renew_consent(consent.id, **of(consent)).consent
        services.sign_as_test(again.id, organisation_id=consent.organisation_id, actor=KEY, at=NOON)
        consent.refresh_from_db()
        assert (consent.state, codes(consent), codes(again)) == (
            "withdrawn",
            ["consent_revoked"],
            [],
        )

    def test_makes_again_what_lapsed(self, consent: Consent) -> None:
        first = services.renew_consent(consent.id, **of(consent)).consent
        later = {**of(consent), "at": NOON + timedelta(days=15)}
        second = services.renew_consent(consent.id, **later).consent
        first.refresh_from_db()
        assert (first.state, second.id != first.id) == ("lapsed", True)

    def test_of_what_no_one_signed_is_refused(self, make_request: MakeRequest) -> None:
        with pytest.raises(WrongState):
            services.renew_consent(make_request().consent.id, **of(make_request().consent))

    def test_can_succeed_once_only(self, consent: Consent) -> None:
        first = services.renew_consent(consent.id, **of(consent)).consent
        with (
            pytest.raises(IntegrityError, match=r"consent_superseded_by_one|supersedes"),
            transaction.atomic(),
        ):
            Consent.objects.filter(pk=first.pk).update(supersedes=None)
            Consent.objects.create(
                id="con_second", organisation=consent.organisation, livemode=False,
                speaker=consent.speaker, notice_version=consent.notice_version, assurance="L1",
                created_at=NOON, duration="P1Y", link_expires_at=NOON, supersedes=consent,
            )  # fmt: skip
            Consent.objects.filter(pk=first.pk).update(supersedes=consent)


class TestSpecialPeople:
    def test_children_are_not_asked(self, make_speaker: MakeSpeaker) -> None:
        with pytest.raises(KindRefused):
            make_speaker(kind="minor")

    def test_children_are_asked_where_the_policy_says_so(
        self, acme: Organisation, make_speaker: MakeSpeaker
    ) -> None:
        acme.policy = {"allow_minors": True}
        acme.save()
        assert make_speaker(kind="minor").kind == "minor"

    @pytest.mark.parametrize("kind", ["estate", "employee", "performer"])
    def test_others_need_someone_verified_to_act_for_them(
        self, make_speaker: MakeSpeaker, make_consent: MakeConsent, acme: Organisation, kind: str
    ) -> None:
        speaker = make_speaker(kind=kind)
        consent = make_consent(speaker=speaker)
        assert codes(consent) == ["representative_missing"]
        agent = services.add_representative(
            speaker.id, organisation=acme, livemode=False, kind="agent", name="Ben",
            email="b@example.org", actor=KEY, at=NOON, valid_until=NOON + timedelta(days=1),
        )  # fmt: skip
        assert codes(consent) == ["representative_missing"]
        services.verify_representative(agent.pk, organisation=acme, actor="member:officer", at=NOON)
        assert codes(consent) == []
        assert codes(consent, at=NOON + timedelta(days=1)) == ["representative_missing"]


class TestHolds:
    def test_stop_everything_and_end_permits(self, consent: Consent) -> None:
        permit = check(consent)
        services.place_hold(consent.speaker_id, ground="dispute", **of(consent))
        assert codes(consent) == ["hold"]
        with pytest.raises(gate.ConsentDenied):
            consent_factories.confirm(permit)

    def test_lifted_let_new_calls_through(self, consent: Consent) -> None:
        services.place_hold(consent.speaker_id, ground="dispute", **of(consent))
        assert services.lift_hold(consent.speaker_id, ground="dispute", **of(consent))
        assert not services.lift_hold(consent.speaker_id, ground="dispute", **of(consent))
        assert codes(consent) == []
