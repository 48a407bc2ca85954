"""What someone who can write rows gains by it: nothing.

Triggers refuse most of it, and the gate denies the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Organisation
from consent import services, speaker_erasure
from consent.lifecycle import consent_moves
from consent.models import Consent, Grant
from consent.policy.state_machine import Move
from tests.conftest import NOON
from tests.support.consent_factories import (
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

pytestmark = pytest.mark.django_db


def sql(statement: str, *values: str | int) -> None:
    """Send one statement as a writer of rows would, past all code."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount == 1


@contextmanager
def without_triggers() -> Iterator[None]:
    """Take the triggers away, as a writer with more rights could; the transaction of the test
    brings them back.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE "
                "'consent_%'"
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        else:
            for table in ("consent_consent", "consent_grant"):
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield


def refused(statement: str, *values: str | int) -> None:
    with pytest.raises(IntegrityError, match="consent_"):
        sql(statement, *values)


def wider(row: Grant, **changes: Any) -> str:
    return json.dumps({**row.scope, **changes})


def only(consent: Consent) -> Grant:
    return consent.grants.get()


class TestTriggers:
    def test_refuse_a_wider_scope_at_the_same_epoch(self, consent: Consent) -> None:
        row = only(consent)
        refused(
            "UPDATE consent_grant SET scope = %s WHERE id = %s", wider(row, languages=["*"]), row.id
        )

    def test_refuse_a_lower_epoch(self, consent: Consent) -> None:
        services.place_hold(consent.speaker_id, ground="dispute", **of(consent))
        refused("UPDATE consent_consent SET revocation_epoch = 0 WHERE id = %s", consent.id)

    def test_refuse_to_resume_at_the_same_epoch(self, consent: Consent) -> None:
        services.suspend_consent(consent.id, reason="", **of(consent))
        refused("UPDATE consent_consent SET state = 'active' WHERE id = %s", consent.id)

    @pytest.mark.parametrize("state", ["active", "suspended", "requested", "captured"])
    def test_refuse_to_bring_back_what_is_over(self, consent: Consent, state: str) -> None:
        revoke(consent)
        change = (
            "UPDATE consent_consent SET state = %s, revocation_epoch = revocation_epoch + 1 WHERE "
            "id = %s"
        )
        refused(change, state, consent.id)

    def test_refuse_to_ask_again_for_what_was_signed(self, consent: Consent) -> None:
        change = (
            "UPDATE consent_consent SET state = %s, revocation_epoch = revocation_epoch + 1 WHERE "
            "id = %s"
        )
        refused(change, "requested", consent.id)

    def test_refuse_to_bring_back_a_removed_purpose(self, make_consent: MakeConsent) -> None:
        consent = make_consent(grant(), grant(use_case="research"))
        services.narrow_consent(consent.id, grants=[{"use_case": "research"}], **of(consent))
        gone = consent.grants.get(removed_at__isnull=False)
        refused(
            "UPDATE consent_grant SET removed_at = NULL, epoch = epoch + 1 WHERE id = %s", gone.id
        )

    def test_refuse_to_bring_back_a_declined_purpose(self, make_request: MakeRequest) -> None:
        made = make_request(grant(), grant(use_case="research"))
        first, second = made.consent.grants.order_by("position")
        token = token_of(made)
        services.sign_consent(
            token, name_typed="Ana María Gómez", ticked=(first.id,), advice="none", at=NOON
        )
        refused(
            "UPDATE consent_grant SET declined_at = NULL, epoch = epoch + 1 WHERE id = %s",
            second.id,
        )

    def test_refuse_another_provider_at_the_same_epoch(self, consent: Consent) -> None:
        more = json.dumps(["inworld", "local"])
        refused("UPDATE consent_consent SET providers = %s WHERE id = %s", more, consent.id)

    def test_refuse_a_consent_without_a_provider(self, consent: Consent) -> None:
        change = (
            "UPDATE consent_consent SET providers = '[]', revocation_epoch = revocation_epoch + 1 "
            "WHERE id = %s"
        )
        refused(change, consent.id)

    def test_refuse_to_take_another_consents_place(
        self, consent: Consent, make_consent: MakeConsent
    ) -> None:
        other = make_consent()
        refused("UPDATE consent_consent SET supersedes_id = %s WHERE id = %s", consent.id, other.id)

    def test_let_every_act_through(self, make_consent: MakeConsent) -> None:
        consent = make_consent(grant(), grant(use_case="research"))
        services.narrow_consent(consent.id, grants=[{"use_case": "research"}], **of(consent))
        services.suspend_consent(consent.id, reason="", **of(consent))
        services.resume_consent(consent.id, **of(consent))
        services.place_hold(consent.speaker_id, ground="dispute", **of(consent))
        renewed = services.renew_consent(consent.id, **of(consent)).consent
        services.sign_as_test(
            renewed.id, organisation_id=consent.organisation_id, actor="key:test", at=NOON
        )
        assert Consent.objects.get(id=consent.id).state == "superseded"


def test_all_triggers_stand_after_all_migrations() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        found = {name for (name,) in cursor.fetchall()}
    assert found >= {
        "consent_consent_is_fixed", "consent_grant_is_fixed", "consent_noticeversion_is_fixed",
        "consent_evidence_is_fixed", "consent_moves_up", "consent_keeps_its_place",
        "consent_grant_moves_up", "consent_sample_is_fixed", "consent_assurance_is_fixed",
        "consent_providers_move_up",
    }  # fmt: skip


def _excluding(make_consent: MakeConsent, consent: Consent) -> Consent:
    """Another consent of the same person, which keeps political speech out of all of theirs."""
    return make_consent(
        grant(use_case="research", exclusions=["political"]), speaker=consent.speaker
    )


class TestTheGate:
    """Denies where the triggers were taken away first."""

    def test_denies_a_scope_beyond_the_signed_one(self, consent: Consent) -> None:
        row = only(consent)
        with without_triggers():
            sql(
                "UPDATE consent_grant SET scope = %s WHERE id = %s",
                wider(row, languages=["*"]),
                row.id,
            )
        assert codes(consent, language="ja") == ["internal_doubt"]

    def test_denies_an_exclusion_that_was_dropped(self, make_consent: MakeConsent) -> None:
        consent = make_consent(grant(exclusions=["political"]))
        row = only(consent)
        with without_triggers():
            sql(
                "UPDATE consent_grant SET scope = %s WHERE id = %s",
                wider(row, exclusions=[]),
                row.id,
            )
        assert codes(consent) == ["internal_doubt"]

    def test_denies_a_scope_wider_than_the_last_narrowing(self, consent: Consent) -> None:
        row = only(consent)
        services.narrow_consent(
            consent.id, grants=[{"use_case": row.use_case, "languages": ["en"]}], **of(consent)
        )
        assert codes(consent) == []
        with without_triggers():
            sql("UPDATE consent_grant SET scope = %s WHERE id = %s", json.dumps(row.signed), row.id)
        assert codes(consent) == ["internal_doubt"]

    @pytest.mark.parametrize("step", [0, 1])
    def test_denies_a_consent_that_was_resumed_by_hand(self, consent: Consent, step: int) -> None:
        services.suspend_consent(consent.id, reason="", **of(consent))
        change = (
            "UPDATE consent_consent SET state = 'active', revocation_epoch = revocation_epoch + %s "
            "WHERE id = %s"
        )
        with without_triggers():
            sql(change, step, consent.id)
        assert codes(consent) == ["internal_doubt"]

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("valid_until", NOON + timedelta(days=9000)),
            ("valid_from", NOON - timedelta(days=9)),
            ("assurance", "L3"),
            ("record_sha256", "0" * 64),
            ("record_jws", "e30.e30.e30"),
            ("record_key", "records-0000000000000000"),
            ("revocation_epoch", 9),
            ("suspended_by", "speaker"),
            ("standing_mac", ""),
            ("standing_mac", "0" * 64),
        ],
    )
    def test_denies_a_row_that_differs_from_its_record(
        self, consent: Consent, column: str, value: Any
    ) -> None:
        assert codes(consent) == []
        with without_triggers():
            Consent.objects.filter(id=consent.id).update(**{column: value})
        assert codes(consent) == ["internal_doubt"]

    def test_denies_a_consent_that_was_moved_to_another_person(
        self, consent: Consent, make_speaker: MakeSpeaker
    ) -> None:
        with without_triggers():
            sql(
                "UPDATE consent_consent SET speaker_id = %s WHERE id = %s",
                make_speaker().id,
                consent.id,
            )
        assert codes(consent) == ["internal_doubt"]

    def test_denies_the_record_of_another_consent(
        self, consent: Consent, make_consent: MakeConsent
    ) -> None:
        other = make_consent(grant(use_case="research"))
        taken = ("record", "record_sha256", "record_jws", "record_key", "standing_mac")
        with without_triggers():
            Consent.objects.filter(id=consent.id).update(
                **{name: getattr(other, name) for name in taken}
            )
        assert codes(consent) == ["internal_doubt"]

    def test_denies_a_grant_that_no_one_signed(
        self, consent: Consent, make_consent: MakeConsent
    ) -> None:
        other = make_consent(grant(use_case="research"))
        with without_triggers():
            sql(
                "UPDATE consent_grant SET consent_id = %s, position = 7 WHERE id = %s",
                consent.id,
                only(other).id,
            )
        assert codes(consent, use_case="research") == ["internal_doubt"]

    def test_denies_a_successor_of_another_person(
        self, consent: Consent, make_speaker: MakeSpeaker, make_consent: MakeConsent
    ) -> None:
        other = make_consent(speaker=make_speaker())
        with without_triggers():
            sql("UPDATE consent_consent SET supersedes_id = %s WHERE id = %s", consent.id, other.id)
            sql("UPDATE consent_consent SET state = 'superseded' WHERE id = %s", consent.id)
        assert codes(consent) == ["internal_doubt"]

    @pytest.mark.parametrize(
        "change",
        [
            (
                "UPDATE consent_hold SET lifted_at = placed_at, lifted_by = 'member:none' WHERE "
                "speaker_id = %s"
            ),
            "UPDATE consent_hold SET ground = 'other' WHERE speaker_id = %s",
            "DELETE FROM consent_hold WHERE speaker_id = %s",
        ],
    )
    def test_denies_after_a_hold_that_went_by_hand(self, consent: Consent, change: str) -> None:
        services.place_hold(consent.speaker_id, ground="dispute", **of(consent))
        assert codes(consent) == ["hold"]
        sql(change, consent.speaker_id)
        assert codes(consent) == ["internal_doubt"]

    @pytest.mark.parametrize(
        "state", ["terminated", "withdrawn", "expired", "superseded", "erased"]
    )
    def test_denies_after_another_consent_was_ended_for_its_exclusions(
        self, consent: Consent, make_consent: MakeConsent, state: str
    ) -> None:
        other = _excluding(make_consent, consent)
        assert codes(consent) == []
        change = (
            "UPDATE consent_consent SET state = %s, revocation_epoch = revocation_epoch + 1, "
            "ended_at = created_at,"
            " revoked_at = created_at WHERE id = %s"
        )
        sql(change, state, other.id)
        assert codes(consent) == ["internal_doubt"]

    def test_denies_after_another_consents_exclusion_was_dropped(
        self, consent: Consent, make_consent: MakeConsent
    ) -> None:
        row = only(_excluding(make_consent, consent))
        with without_triggers():
            sql(
                "UPDATE consent_grant SET scope = %s WHERE id = %s",
                wider(row, exclusions=[]),
                row.id,
            )
        assert codes(consent) == ["internal_doubt"]

    def test_denies_after_another_consents_term_was_cut(
        self, consent: Consent, make_consent: MakeConsent
    ) -> None:
        other = _excluding(make_consent, consent)
        with without_triggers():
            Consent.objects.filter(id=other.id).update(
                valid_from=NOON - timedelta(days=9), valid_until=NOON - timedelta(days=8)
            )
        assert codes(consent) == ["internal_doubt"]

    def test_allows_after_another_consent_ended_in_earnest(
        self, consent: Consent, make_consent: MakeConsent
    ) -> None:
        other = _excluding(make_consent, consent)
        revoke(other)
        services.place_hold(consent.speaker_id, ground="dispute", **of(consent))
        services.lift_hold(consent.speaker_id, ground="dispute", **of(consent))
        assert codes(consent) == []

    def test_an_act_makes_no_broken_seal_good_again(self, consent: Consent) -> None:
        row = only(consent)
        with without_triggers():
            sql(
                "UPDATE consent_grant SET scope = %s WHERE id = %s",
                wider(row, territories=["*"], quota={}),
                row.id,
            )
        services.suspend_consent(consent.id, reason="", **of(consent))
        services.resume_consent(consent.id, **of(consent))
        assert codes(consent) == ["internal_doubt"]

    def test_allows_after_every_honest_act(self, make_consent: MakeConsent) -> None:
        consent = make_consent(grant(), grant(use_case="research"))
        services.narrow_consent(
            consent.id, grants=[{"use_case": "entertainment.audiobook"}], **of(consent)
        )
        services.suspend_consent(consent.id, reason="", **of(consent))
        services.resume_consent(consent.id, **of(consent))
        services.place_hold(consent.speaker_id, ground="dispute", **of(consent))
        services.lift_hold(consent.speaker_id, ground="dispute", **of(consent))
        assert codes(consent) == []

    def test_denies_a_person_whose_erasure_was_called_off_by_hand(self, consent: Consent) -> None:
        speaker_erasure.freeze_speaker(
            consent.speaker_id, reason="erasure", actor="key:test", at=NOON
        )
        sql("UPDATE consent_speaker SET state = 'active' WHERE id = %s", consent.speaker_id)
        assert codes(consent) == ["consent_revoked"]

    def test_denies_in_another_mode_or_another_house(
        self, consent: Consent, bolt: Organisation
    ) -> None:
        for column, value in {"livemode": True, "organisation_id": bolt.id}.items():
            with without_triggers(), transaction.atomic():
                Consent.objects.filter(id=consent.id).update(**{column: value})
                moved = Consent.objects.select_related("speaker").get(id=consent.id)
                assert codes(moved) == ["internal_doubt"], column
                Consent.objects.filter(id=consent.id).update(
                    livemode=False, organisation_id=consent.organisation_id
                )
        assert codes(consent) == []

    def test_finds_nothing_to_doubt_in_what_is_over(self, consent: Consent) -> None:
        revoke(consent)
        assert codes(consent) == ["consent_revoked"]

    def test_asks_for_no_key_to_check_the_same_rows_again(self, consent: Consent) -> None:
        def asked() -> int:
            with CaptureQueriesContext(connection) as queries:
                check(consent)
            return len(queries)

        assert asked() > asked() == asked()


def test_a_move_that_is_not_signed_gets_no_seal(make_request: MakeRequest) -> None:
    made = make_request().consent
    with transaction.atomic():
        consent_moves.move_consent(made, Move.CAPTURE)
    assert Consent.objects.get(id=made.id).standing_mac == ""
