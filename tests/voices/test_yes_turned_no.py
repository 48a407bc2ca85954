"""Whatever turns a yes into a no ends what runs on the yes: every command of the product, tried one after the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts import policy
from accounts import services as accounts
from accounts.models import ApiKey
from consent import erasure, gate
from consent import services as consents
from consent.models import Consent
from core.errors import Refused
from tests.cast import MakeKey
from tests.conftest import NOON
from tests.voices.conftest import MakeConsent, MakeVoice, asker_of, grant_of, order_for
from voices import pipeline
from voices.models import Voice
from voices.services import voices

pytestmark = pytest.mark.django_db


class World:
    """One voice of one person with two consents, and a permit that runs on a key's behalf."""

    def __init__(self, voice: Voice, other: Consent, key: ApiKey) -> None:
        self.voice, self.other, self.key = voice, other, key
        self.consent = Consent.objects.get(id=voice.consent_id)
        self.at: datetime = NOON

    def ask(self) -> gate.Ask:
        self.voice.refresh_from_db()
        return pipeline.ask_of(order_for(self.voice, labels=("medical_advice",)), self.voice, asker_of(self.voice))

    @property
    def actor(self) -> str:
        return f"key:{self.key.id}"

    def by(self) -> dict[str, Any]:
        return {
            "organisation_id": self.voice.organisation_id, "livemode": False, "actor": "key:test", "at": self.at
        }  # fmt: skip

    def narrow(self, consent: Consent, **left: Any) -> None:
        grants = [{"use_case": consent.grants.get().use_case, **left}]
        consents.narrow(consent.id, grants=grants, **self.by())

    def sign_another(self, **changes: Any) -> None:
        made = consents.request_consent(
            organisation=self.voice.organisation, livemode=False, speaker_id=self.voice.speaker_id, duration="P1Y",
            grants=[grant_of(**changes)], actor="key:test", at=self.at,
        ).consent  # fmt: skip
        self.sign(made)

    def sign(self, made: Consent) -> None:
        consents.sign_as_test(made.id, organisation_id=made.organisation_id, actor="key:test", at=self.at)

    def renew(self, **narrower: Any) -> None:
        if narrower:
            self.narrow(self.consent, **narrower)
        self.sign(consents.renew(self.consent.id, **self.by()).consent)

    def set_policy(self, **entries: Any) -> None:
        policy.change(self.voice.organisation_id, entries, actor="member:x", at=self.at)

    def hold(self) -> None:
        consents.place_hold(self.voice.speaker_id, ground="dispute", **self.by())

    def change_key(self, **changes: Any) -> None:
        accounts.update_key(
            self.key.id, organisation=self.key.organisation, changes=changes, actor="member:x", at=self.at
        )

    def sweep_past_the_end(self) -> None:
        self.at = NOON + timedelta(days=366)
        consents.expire_due(at=self.at)

    def wait_past_the_end(self) -> None:
        self.at = NOON + timedelta(days=366)


COMMANDS: dict[str, Callable[[World], object]] = {
    "revoke": lambda w: consents.revoke(w.consent.id, reason="", **w.by()),
    "suspend": lambda w: consents.suspend(w.consent.id, reason="", **w.by()),
    "suspend the other": lambda w: consents.suspend(w.other.id, reason="", **w.by()),
    "revoke the other": lambda w: consents.revoke(w.other.id, reason="", **w.by()),
    "hold": World.hold,
    "narrow the language": lambda w: w.narrow(w.consent, languages=["de"]),
    "narrow the label": lambda w: w.narrow(w.consent, sensitive_content=[]),
    "narrow what is not asked": lambda w: w.narrow(w.consent, channels=["web"]),
    "exclude": lambda w: w.narrow(w.consent, exclusions=["medical_advice"]),
    "exclude in the other": lambda w: w.narrow(w.other, exclusions=["entertainment"]),
    "exclude a label in the other": lambda w: w.narrow(w.other, exclusions=["medical_advice"]),
    "sign another": lambda w: w.sign_another(),
    "sign another that excludes": lambda w: w.sign_another(exclusions=["medical_advice"]),
    "renew": lambda w: w.renew(),
    "renew what was narrowed": lambda w: w.renew(languages=["de"]),
    "raise all levels": lambda w: w.set_policy(minimum_assurance={"*": "L3"}),
    "raise the parent's level": lambda w: w.set_policy(minimum_assurance={"entertainment": "L2"}),
    "raise another level": lambda w: w.set_policy(minimum_assurance={"agent": "L3"}),
    "disable the key": lambda w: accounts.disable_key(
        w.key.id, organisation=w.key.organisation, actor="member:x", at=w.at
    ),
    "narrow the key": lambda w: w.change_key(scopes=["speech:read"]),
    "freeze": lambda w: erasure.freeze(w.voice.speaker_id, reason="erasure", actor="key:test", at=w.at),
    "delete the voice": lambda w: voices.delete(w.voice.id, asker=asker_of(w.voice)),
    "the clock": World.wait_past_the_end,
    "the sweep": World.sweep_past_the_end,
    "nothing": lambda _: None,
}


HARMLESS = {
    "suspend the other", "revoke the other", "sign another", "renew", "raise another level", "nothing",
}  # fmt: skip
"""After these the gate still says yes to the same call, so the table shows that its other rows do something."""


@pytest.fixture
def world(make_consent: MakeConsent, make_voice: MakeVoice, make_key: MakeKey) -> World:
    consent = make_consent(sensitive_content=["medical_advice"])
    world = World(make_voice(consent), consent, make_key(organisation=consent.organisation).key)
    made = consents.request_consent(
        organisation=consent.organisation, livemode=False, speaker_id=consent.speaker_id, duration="P1Y",
        grants=[grant_of(use_case="research")], actor="key:test", at=NOON,
    ).consent  # fmt: skip
    world.sign(made)
    world.other = Consent.objects.get(id=made.id)
    return world


def raises(call: Callable[[], object]) -> bool:
    try:
        call()
    except Refused:
        return True
    return False


def confirmed(permit: gate.Permit, at: datetime) -> None:
    with transaction.atomic():
        gate.confirm(permit, at=at)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_makes_the_gate_say_no_ends_every_permit(world: World, command: str) -> None:
    permit = gate.check(world.ask(), at=world.at, actor=world.actor)
    COMMANDS[command](world)

    no = raises(lambda: gate.check(world.ask(), at=world.at, actor=world.actor))

    if no:
        assert gate.ended([(permit, world.at)]), "a stream runs on"
        assert raises(lambda: gate.may_still(permit, at=world.at))
        assert raises(lambda: confirmed(permit, world.at))
        if "key" not in command:  # what was delivered belongs to the organisation, not to one of its keys
            assert raises(lambda: gate.may_still(permit.decision_id, at=world.at))
    assert no is (command not in HARMLESS)


def test_some_commands_leave_the_yes_alone(world: World) -> None:
    permit = gate.check(world.ask(), at=world.at, actor=world.actor)
    world.set_policy(minimum_assurance={"agent": "L3"})
    gate.may_still(permit, at=world.at)
    confirmed(permit, world.at)
