"""After a log accepted a loss: every active consent of that organisation is suspended, and of no
other.
"""

from __future__ import annotations

import pytest
from django.db import transaction

from consent import gate, suspend_after_restore
from consent.models import Consent
from tests.conftest import NOON
from tests.fixtures.consents import MakeConsent
from tests.fixtures.organisations import MakeOrganisation
from tests.support import consent_factories
from transparency_log.recovery import LostHistory
from vault import subject_keys

pytestmark = pytest.mark.django_db


def suspend_all(organisation_id: str) -> None:
    with transaction.atomic():
        loss = LostHistory(organisation_id=organisation_id, actor="operator:restore", at=NOON)
        suspend_after_restore.suspend_all(loss)


def states() -> list[str]:
    return sorted(Consent.objects.values_list("state", flat=True))


class TestSuspendAll:
    def test_ends_every_permit(self, make_consent: MakeConsent) -> None:
        consent = make_consent()
        permit = gate.check(
            consent_factories.ask_for(consent, channel="app", territory="DE"),
            at=NOON,
            actor="key:k",
        )

        suspend_all(consent.organisation_id)

        with pytest.raises(gate.ConsentDenied), transaction.atomic():
            gate.confirm(permit, at=NOON)

    def test_leaves_other_organisations_alone(
        self, make_consent: MakeConsent, make_organisation: MakeOrganisation
    ) -> None:
        make_consent()

        suspend_all(make_organisation("Bolt").id)

        assert states() == ["active"]

    def test_is_not_stopped_by_someone_whose_key_is_gone(self, make_consent: MakeConsent) -> None:
        gone, other = make_consent(), make_consent()
        with transaction.atomic():
            subject_keys.destroy_key(gone.speaker.subject, at=NOON)

        suspend_all(other.organisation_id)

        other.refresh_from_db()
        assert other.state == "suspended"

    def test_twice_is_once(self, make_consent: MakeConsent) -> None:
        consent = make_consent()
        suspend_all(consent.organisation_id)
        suspend_all(consent.organisation_id)

        assert states() == ["suspended"]
