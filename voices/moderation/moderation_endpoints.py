"""An organisation's moderation endpoint: to set, show and clear it.

Each change is one transaction with its event for the log. The key is encrypted before the database
receives it, and no answer shows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from accounts import domain_events
from accounts.domain_events import DomainEvent
from accounts.principal import Principal
from consent.policy import use_cases
from core import ids, transactions
from core.canonical_json import Json
from core.compiled_queries import CompiledQuery
from core.errors import Fault, Invalid, NotFound
from upstream import address_rules
from vault import sealed_values, subject_keys
from voices.models import ModerationEndpoint
from voices.moderation import moderation_labels
from voices.providers.base import Owned

LONGEST_KEY: Final = 1000
MOST_LABELS: Final = 100
_VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,1000}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """An endpoint to set. `api_key` of None is no key, or the stored one at the same address."""

    base_url: str
    is_self_hosted: bool = False
    model: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    api_key: str | None = field(default=None, repr=False)


def _compile_by_mode(*, livemode: bool) -> CompiledQuery[ModerationEndpoint]:
    return CompiledQuery(
        lambda organisation_id: ModerationEndpoint.objects.filter(
            organisation_id=organisation_id, livemode=livemode
        ),
        texts=1,
    )


# Every text asks for it, most often in vain.
_BY_MODE: Final = {mode: _compile_by_mode(livemode=mode) for mode in (False, True)}


def find_endpoint(owner: Owned) -> ModerationEndpoint | None:
    """Return the endpoint of an organisation's live or test data, None without one."""
    return _BY_MODE[owner.livemode].find_first(owner.organisation_id)


def get_endpoint(principal: Principal) -> ModerationEndpoint:
    """Return the endpoint. Raises NotFound."""
    row = find_endpoint(principal)
    if row is None:
        raise NotFound("No moderation endpoint is set.")

    return row


@transactions.opens_transaction
def set_endpoint(
    new: EndpointSettings, *, principal: Principal, at: datetime
) -> ModerationEndpoint:
    """Set the endpoint, in the place of the one before.

    Raises Invalid for an address, a key or a label, also for another `base_url` without the key: a
    stored key never goes to another host.
    """
    rows = ModerationEndpoint.objects.select_for_update().filter(
        organisation_id=principal.organisation_id, livemode=principal.livemode
    )
    row = rows.first() or ModerationEndpoint(
        id=ids.new("mod"),
        organisation_id=principal.organisation_id,
        livemode=principal.livemode,
        created_at=at,
    )
    address = address_rules.check_base_url(new.base_url, is_self_hosted=new.is_self_hosted)
    # The same name may lead into a private network for an engine alone.
    is_same = (row.base_url, row.is_self_hosted) == (address, new.is_self_hosted)
    _set_key(row, new.api_key, is_same_host=is_same, at=at)

    row.base_url, row.is_self_hosted = address, new.is_self_hosted
    row.model, row.labels = new.model, _check_labels(new.labels)
    row.changed_at = at
    row.save()
    _emit_endpoint_event("set", row, actor=principal.actor, at=at)
    return row


@transactions.opens_transaction
def clear_endpoint(*, principal: Principal, at: datetime) -> ModerationEndpoint:
    """Clear the endpoint, destroy its key, and return what it was. Raises NotFound."""
    row = get_endpoint(principal)
    _emit_endpoint_event("cleared", row, actor=principal.actor, at=at)
    ModerationEndpoint.objects.filter(id=row.id).delete()
    return row


def open_key(row: ModerationEndpoint) -> str | None:
    """Return the endpoint's key, None where it needs none. Raises KeyDestroyed."""
    if row.sealed_key is None:
        return None

    own = subject_keys.get_organisation_subject(row.organisation_id, at=row.created_at)
    return str(sealed_values.unseal(own, _build_key_context(row.id), bytes(row.sealed_key)))


def _set_key(row: ModerationEndpoint, key: str | None, *, is_same_host: bool, at: datetime) -> None:
    if key is None:
        if row.sealed_key is not None and not is_same_host:
            detail = "Give the key again with another address: a stored key goes to no other."
            raise _refuse("api_key", "required", detail)
        return

    # It goes into a header, so no blank and no line break.
    if not _VISIBLE.match(key):
        detail = f"This must be 1 to {LONGEST_KEY} visible ASCII characters."
        raise _refuse("api_key", "invalid", detail)

    own = subject_keys.get_organisation_subject(row.organisation_id, at=at)
    row.sealed_key = sealed_values.seal(own, _build_key_context(row.id), key)


def _check_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels in canonical spelling. Raises Invalid for a label that is none."""
    if len(labels) > MOST_LABELS:
        raise _refuse("labels", "out_of_range", f"At most {MOST_LABELS} categories.")

    checked: dict[str, str] = {}
    for category, label in labels.items():
        known = label in {moderation_labels.NONE, use_cases.UNSURE}
        spelt = label if known else use_cases.parse_label(label)
        if spelt == use_cases.UNSURE and not known:
            detail = 'This must be a label of `GET /v1/labels`, `unsure`, or "" for none.'
            raise _refuse(f"labels.{category[:60]}", "label_unknown", detail)
        checked[category] = spelt

    return checked


def _build_key_context(endpoint_id: str) -> str:
    return f"moderation-endpoint|{endpoint_id}"


def _refuse(attr: str, code: str, detail: str) -> Invalid:
    return Invalid(detail, faults=(Fault(code=code, detail=detail, attr=attr),))


def _emit_endpoint_event(act: str, row: ModerationEndpoint, *, actor: str, at: datetime) -> None:
    """Send the event. The log learns neither the address nor the key."""
    facts: dict[str, Json] = {"action": f"moderation_endpoint.{act}", "endpoint": row.id}
    domain_events.emit_event(
        DomainEvent(
            kind="admin.action",
            organisation_id=row.organisation_id,
            livemode=row.livemode,
            at=at,
            actor=actor,
            refs={},
            facts=facts,
        )
    )
