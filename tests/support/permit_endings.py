"""Everything that could end a permit, by name; and the whole database as text, to look for what
must not be there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db import connection

from consent import services, speaker_erasure
from consent.models import Consent
from tests.conftest import NOON
from tests.support.consent_factories import grant, of, revoke


def sign_again(consent: Consent) -> Consent:
    renewed = services.renew_consent(consent.id, **of(consent)).consent
    return services.sign_as_test(
        renewed.id, organisation_id=consent.organisation_id, actor="key:test", at=NOON
    )


def exclude_elsewhere(consent: Consent) -> Consent:
    """The person signs another consent, which excludes something."""
    other = services.request_consent(
        organisation=consent.organisation, livemode=False, speaker_id=consent.speaker_id,
        duration="P1Y", actor="key:test", at=NOON,
        grants=[grant(use_case="research", exclusions=["entertainment"])],
    ).consent  # fmt: skip
    return services.sign_as_test(
        other.id, organisation_id=consent.organisation_id, actor="key:test", at=NOON
    )


def exclude_by_narrowing_elsewhere(consent: Consent) -> Consent:
    """The person's other consent, signed without it, is narrowed by an exclusion.

    Only that ends the permits.
    """
    other = services.request_consent(
        organisation=consent.organisation, livemode=False, speaker_id=consent.speaker_id,
        duration="P1Y", actor="key:test", at=NOON, grants=[grant(use_case="research")],
    ).consent  # fmt: skip
    services.sign_as_test(
        other.id, organisation_id=consent.organisation_id, actor="key:test", at=NOON
    )
    return services.narrow_consent(
        other.id, grants=[{"use_case": "research", "exclusions": ["entertainment"]}], **of(other)
    )


ACTS: dict[str, Callable[[Consent], object]] = {
    "revoke": revoke,
    "suspend": lambda consent: services.suspend_consent(consent.id, reason="", **of(consent)),
    "narrow": lambda consent: services.narrow_consent(
        consent.id,
        grants=[{"use_case": "entertainment.audiobook", "languages": ["en"]}],
        **of(consent),
    ),
    "expire": lambda consent: services.expire_due(at=NOON + timedelta(days=365)),
    "hold": lambda consent: services.place_hold(
        consent.speaker_id, ground="dispute", **of(consent)
    ),
    "invalidate": lambda consent: revoke(consent, reason="ordered_by_authority"),
    "withdraw": lambda consent: revoke(consent, reason="requested_by_person"),
    "supersede": sign_again,
    "exclude": exclude_elsewhere,
    "exclude_by_narrowing": exclude_by_narrowing_elsewhere,
    "freeze": lambda consent: speaker_erasure.freeze_speaker(
        consent.speaker_id, reason="erasure", actor="key:test", at=NOON
    ),
}


def whole_database() -> str:
    """Every row of every table of ours, as text."""
    with connection.cursor() as cursor:
        tables = [
            name
            for name in connection.introspection.table_names()
            if name.split("_")[0] in {"consent", "provenance", "vault"}
        ]
        rows = []
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")
            rows.extend(cursor.fetchall())
    plain = [
        bytes(value).decode("utf-8", "replace")
        if isinstance(value, bytes | memoryview)
        else str(value)
        for row in rows
        for value in row
    ]
    assert len(plain) > 100
    return "\n".join(plain)
