"""The grants of a request: created with sealed words, and read again for a second request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from consent import intended_uses
from consent.intended_uses import IntendedUseWords
from consent.models import Consent, Grant
from consent.policy import grant_scope
from core import canonical_json, ids
from core.canonical_json import Json


def create_grants(
    consent: Consent, read: Sequence[grant_scope.Scope], *, known: Mapping[str, IntendedUseWords]
) -> list[Grant]:
    """Create the grants of a request in their order. `known` words keep their hash."""
    return Grant.objects.bulk_create(
        _build_grant(consent, place, scope, known) for place, scope in enumerate(read)
    )


def describe_request(consent: Consent, grants: Sequence[Grant]) -> dict[str, Json]:
    """Return what is asked for, as the log holds it. An auditor compares the rows with it.

    Scopes appear as hashes alone.
    """
    notice = consent.notice_version

    return {
        "use_cases": [grant.use_case for grant in grants],
        "intended_uses": [grant.signed[intended_uses.HASH] for grant in grants],
        "assurance": consent.assurance,
        "jurisdictions": list(consent.jurisdictions),
        "providers": list(consent.providers),
        "representation": consent.representation,
        "notice": {
            "key": notice.notice.key,
            "version": notice.version,
            "locale": notice.locale,
            "sha256": notice.sha256,
        },
        "grants": [
            {"id": grant.id, "sha256": canonical_json.sha256_hex(canonical_json.dump(grant.signed))}
            for grant in grants
        ],
    }


def open_known_words(consent: Consent | None) -> dict[str, IntendedUseWords]:
    """Return the words of a consent that is asked for again. The same words keep their hash."""
    if consent is None:
        return {}

    opened = intended_uses.open_words_of_grants(consent.grants.all(), consent.speaker.subject)

    return {one.text: one for words in opened.values() for one in words}


def restore_scopes(consent: Consent) -> list[grant_scope.Scope]:
    """Return what is left of a consent's grants, with their words, as a request has them."""
    grants = list(consent.grants.filter(declined_at=None, removed_at=None).order_by("position"))
    words = intended_uses.open_words_of_grants(grants, consent.speaker.subject)

    return [
        intended_uses.restore_scope_words(grant.scope, words.get(grant.id, ())) for grant in grants
    ]


def _build_grant(
    consent: Consent, position: int, scope: grant_scope.Scope, known: Mapping[str, IntendedUseWords]
) -> Grant:
    grant_id = ids.new("grt")
    text = str(scope[intended_uses.WORDS])
    words = known.get(text) or intended_uses.salt_words(text)
    kept = intended_uses.hash_scope_words(scope, words)

    return Grant(
        id=grant_id,
        consent=consent,
        position=position,
        use_case=str(scope["use_case"]),
        signed=kept,
        scope=kept,
        sealed_words=intended_uses.seal_intended_use_words(
            grant_id, consent.speaker.subject, (words,)
        ),
    )
