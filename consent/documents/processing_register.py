"""The record of processing activities (GDPR Art. 30), from shown notices and given consents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final, cast

from accounts.models import Organisation
from consent.consent_export_tables import filter_by_scope
from consent.models import Consent, Grant, NoticeVersion
from consent.policy import grant_scope, use_cases
from consent.policy.state_machine import BINDING
from core.canonical_json import Json
from core.clock import format_timestamp
from provenance.exports import export_sources
from provenance.exports.export_sources import ExportScope, Row

_NOTICE: Final = ("notice", "version", "locale", "change_class", "sha256", "body", "created_at")
_CONTROLLER: Final = ("id", "name", "contact")
_LISTS: Final = ("actions", "languages", "channels", "territories")
_ACTIVITY: Final = (
    "use_case", "purpose", "lawful_basis", *_LISTS, "recipients", "data_subjects",
    "jurisdictions", "notices", "consents", "consents_standing", "first_signed_at",
    "last_signed_at",
)  # fmt: skip
# Consent to the processing, and to that of biometric data: every record of ours rests on both.
_BASIS: Final = ("GDPR Art. 6(1)(a)", "GDPR Art. 9(2)(a)")


def register_processing_tables() -> None:
    """Register the tables. Called when the applications start."""
    export_sources.register_export_table(
        "notices", _export_notices, columns=_NOTICE, bundles=("audit", "speaker", "ropa")
    )
    export_sources.register_export_table(
        "controllers", _export_controllers, columns=_CONTROLLER, bundles=("ropa",)
    )
    export_sources.register_export_table(
        "processing_activities", _export_activities, columns=_ACTIVITY, bundles=("ropa",)
    )


def _export_notices(scope: ExportScope) -> Iterator[Row]:
    """Yield the notices of the scope's consents: recipients, retention, transfers and rights."""
    shown = Consent.objects.filter(filter_by_scope(scope)).values("notice_version")
    rows = NoticeVersion.objects.filter(id__in=shown).select_related("notice").order_by("id")

    for version in rows.iterator():
        yield {
            "notice": version.notice.key,
            "version": version.version,
            "locale": version.locale,
            "change_class": version.change_class,
            "sha256": version.sha256,
            "body": cast("Json", version.body),
            "created_at": format_timestamp(version.created_at),
        }


def _export_controllers(scope: ExportScope) -> Iterator[Row]:
    for organisation in Organisation.objects.filter(id=scope.organisation_id):
        yield {
            "id": organisation.id,
            "name": organisation.name,
            "contact": cast("Json", organisation.contact),
        }


def _export_activities(scope: ExportScope) -> Iterator[Row]:
    """Yield one row for each signed use case. Their number does not grow with the consents."""
    signed = Grant.objects.filter(
        filter_by_scope(scope, "consent__"), consent__signed_at__isnull=False, declined_at=None
    )
    rows = signed.select_related("consent__notice_version", "consent__speaker")
    walk = rows.order_by("use_case", "consent_id", "position").iterator()

    for use_case, grants in groupby(walk, key=lambda grant: grant.use_case):
        yield _build_activity(use_case, grants)


def _build_activity(use_case: str, grants: Iterable[Grant]) -> Row:
    lists: dict[str, set[str]] = {
        name: set() for name in (*_LISTS, "recipients", "data_subjects", "jurisdictions", "notices")
    }
    times: list[str] = []
    consents = binding = 0
    last = ""

    for grant in grants:
        consent = grant.consent
        for name in _LISTS:
            lists[name].update(grant_scope.get_strings(grant.scope, name))
        lists["recipients"].update(consent.providers)
        lists["data_subjects"].add(consent.speaker.kind)
        lists["jurisdictions"].update(consent.jurisdictions)
        lists["notices"].add(consent.notice_version.sha256)

        if consent.id != last:
            last = consent.id
            consents += 1
            binding += consent.state in BINDING
            moment = format_timestamp(consent.signed_at) or ""
            times = [min([*times, moment]), max([*times, moment])]

    row: dict[str, Json] = {
        "use_case": use_case,
        "purpose": use_cases.use_case_to_dpv(use_case),
        "lawful_basis": _BASIS,
        **{name: sorted(found) for name, found in lists.items()},
        "consents": consents,
        "consents_standing": binding,
        "first_signed_at": times[0],
        "last_signed_at": times[1],
    }

    return {name: row[name] for name in _ACTIVITY}
