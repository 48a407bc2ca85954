"""The grants of a request: made with their words sealed, and read again when the same is asked once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from consent import intended_uses
from consent.intended_uses import Words
from consent.models import Consent, Grant
from consent.rules import scopes
from core import canonical, ids
from core.canonical import Json


def create(consent: Consent, read: Sequence[scopes.Scope], *, known: Mapping[str, Words]) -> list[Grant]:
    """Create the grants of a request, in their order. `known` words keep their hash."""
    return Grant.objects.bulk_create(_grant(consent, place, scope, known) for place, scope in enumerate(read))


def describe(consent: Consent, grants: Sequence[Grant]) -> dict[str, Json]:
    """Say for the log what is asked for: an auditor holds the rows against it. Of the scopes only hashes."""
    notice = consent.notice_version
    return {
        "use_cases": [grant.use_case for grant in grants],
        "intended_uses": [grant.signed[intended_uses.HASH] for grant in grants],
        "assurance": consent.assurance,
        "jurisdictions": list(consent.jurisdictions),
        "representation": consent.representation,
        "notice": {
            "key": notice.notice.key,
            "version": notice.version,
            "locale": notice.locale,
            "sha256": notice.sha256,
        },
        "grants": [{"id": grant.id, "sha256": canonical.sha256(canonical.dump(grant.signed))} for grant in grants],
    }


def words_of(consent: Consent | None) -> dict[str, Words]:
    """Give the words of a consent that is asked for again: the same words keep their hash."""
    if consent is None:
        return {}
    opened = intended_uses.opened_of(consent.grants.all(), consent.speaker.subject)
    return {one.text: one for words in opened.values() for one in words}


def scopes_of(consent: Consent) -> list[scopes.Scope]:
    """Give what is left of a consent's grants, with their words, as a request has them."""
    grants = list(consent.grants.filter(declined_at=None, removed_at=None).order_by("position"))
    words = intended_uses.opened_of(grants, consent.speaker.subject)
    return [intended_uses.shown(grant.scope, words.get(grant.id, ())) for grant in grants]


def _grant(consent: Consent, place: int, scope: scopes.Scope, known: Mapping[str, Words]) -> Grant:
    grant_id, text = ids.new("grt"), str(scope[intended_uses.WORDS])
    words = known.get(text) or intended_uses.salted(text)
    kept = intended_uses.closed(scope, words)
    return Grant(
        id=grant_id,
        consent=consent,
        position=place,
        use_case=str(scope["use_case"]),
        signed=kept,
        scope=kept,
        sealed_words=intended_uses.sealed(grant_id, consent.speaker.subject, (words,)),
    )
