"""Whatever turns a yes into a no ends what runs on the yes: every command of the product, tried one
after the other.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from accounts import (
    api_key_changes,
    contact_details,
    membership,
    organisation_policy,
    provisioning,
    sandbox_clock,
)
from accounts.models import ApiKey, Role
from consent import evaluation, gate, speaker_erasure, suspend_after_restore
from consent import services as consents
from consent.models import Consent
from core.durations import parse_duration
from core.errors import Refused
from erasure import erasure_requests as erasures
from tests.conftest import NOON
from tests.fixtures.organisations import MakeKey
from tests.voices.conftest import MakeConsent, MakeVoice, grant_of, order_for, principal_of
from transparency_log.recovery import LostHistory
from voices import similarity_reviews, voice_deletion, voice_library
from voices.models import Voice
from voices.speech import dispatch, preparation

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


class World:
    """One voice of one person with two consents, and a permit that runs on a key's behalf."""

    def __init__(self, voice: Voice, other: Consent, key: ApiKey) -> None:
        self.voice, self.other, self.key = voice, other, key
        self.consent = Consent.objects.get(id=voice.consent_id)
        self.at: datetime = NOON

    def ask(self) -> gate.AccessRequest:
        self.voice.refresh_from_db()
        return preparation.build_access_request(
            order_for(self.voice, labels=("medical_advice",)), self.voice, principal_of(self.voice)
        )

    @property
    def actor(self) -> str:
        return f"key:{self.key.id}"

    def by(self) -> dict[str, Any]:
        return {
            "organisation_id": self.voice.organisation_id, "livemode": False, "actor": "key:test",
            "at": self.at
        }  # fmt: skip

    def narrow(self, consent: Consent, **left: Any) -> None:
        grants = [{"use_case": consent.grants.get().use_case, **left}]
        consents.narrow_consent(consent.id, grants=grants, **self.by())

    def sign_another(self, **changes: Any) -> None:
        made = consents.request_consent(
            organisation=self.voice.organisation, livemode=False, speaker_id=self.voice.speaker_id,
            duration="P1Y", grants=[grant_of(**changes)], actor="key:test", at=self.at,
        ).consent  # fmt: skip
        self.sign(made)

    def sign(self, made: Consent) -> None:
        consents.sign_as_test(
            made.id, organisation_id=made.organisation_id, actor="key:test", at=self.at
        )

    def renew(self, **narrower: Any) -> None:
        if narrower:
            self.narrow(self.consent, **narrower)
        self.sign(consents.renew_consent(self.consent.id, **self.by()).consent)

    def set_policy(self, **entries: Any) -> None:
        organisation_policy.change_policy(
            self.voice.organisation_id, entries, actor="member:x", at=self.at
        )

    def hold(self) -> None:
        consents.place_hold(self.voice.speaker_id, ground="dispute", **self.by())

    def change_key(self, **changes: Any) -> None:
        api_key_changes.update_key(
            self.key.id,
            organisation=self.key.organisation,
            changes=changes,
            actor="member:x",
            at=self.at,
        )

    def sweep_past_the_end(self) -> None:
        self.at = NOON + timedelta(days=366)
        consents.expire_due(at=self.at)

    def wait_past_the_end(self) -> None:
        self.at = NOON + timedelta(days=366)

    def delete_the_voice_at_once(self) -> None:
        voice_deletion.begin_deletion(self.voice.id, code="requested")
        voice_deletion.run_deletion(self.voice.id, actor="member:x", wall_clock=lambda: self.at)

    def advance_the_clock(self) -> None:
        house = self.voice.organisation
        self.at = sandbox_clock.advance_test_clock(
            organisation=house, duration=parse_duration("P2Y"), actor="member:x", wall_time=self.at
        )

    def pause_and_resume(self) -> None:
        consents.suspend_consent(self.consent.id, reason="", **self.by())
        consents.resume_consent(self.consent.id, **self.by())

    def hold_and_lift(self) -> None:
        self.hold()
        consents.lift_hold(self.voice.speaker_id, ground="dispute", **self.by())

    def ask_for_more(self) -> consents.ConsentRequest:
        return consents.request_consent(
            organisation=self.voice.organisation, livemode=False, speaker_id=self.voice.speaker_id,
            duration="P1Y", grants=[grant_of(exclusions=["medical_advice"])], actor="key:test",
            at=self.at,
        )  # fmt: skip

    def ask_for_more_and_be_refused(self) -> None:
        token = str(self.ask_for_more().signing_url).rpartition("/")[2]
        consents.decline_request(token, reason="", at=self.at)

    def correct_the_person(self) -> None:
        consents.update_speaker(
            self.voice.speaker_id, organisation=self.voice.organisation, livemode=False,
            changes={"name": "Mara Other"}, correction="misspelt", actor="key:test", at=self.at,
        )  # fmt: skip

    def name_and_verify_who_acts_for_them(self) -> None:
        house = self.voice.organisation
        made = consents.add_representative(
            self.voice.speaker_id, organisation=house, livemode=False, kind="agent",
            name="Ada Agent", email="ada@agents.example", actor="member:x", at=self.at,
        )  # fmt: skip
        consents.verify_representative(made.id, organisation=house, actor="member:x", at=self.at)

    def let_the_key_expire(self) -> None:
        self.change_key(expires_at=self.at + timedelta(seconds=1))
        self.at += timedelta(seconds=2)

    def freeze(self) -> None:
        speaker_erasure.freeze_speaker(
            self.voice.speaker_id, reason="erasure", actor="key:test", at=self.at
        )

    def freeze_and_erase(self) -> None:
        self.freeze()
        speaker_erasure.erase_speaker(self.voice.speaker_id, at=self.at)

    def erase(self) -> None:
        erasures.request_erasure(
            self.voice.speaker_id, organisation=self.voice.organisation, livemode=False,
            reason="erasure", actor="member:x", at=self.at, wall_time=self.at,
        )  # fmt: skip

    def restore_a_backup(self) -> None:
        with transaction.atomic():
            suspend_after_restore.suspend_all(
                LostHistory(
                    organisation_id=self.voice.organisation_id, actor="member:x", at=self.at
                )
            )

    def add_a_member_and_change_their_role(self) -> None:
        membership.add_member(
            organisation=self.voice.organisation, email="eve@acme.example", role=Role.OFFICER,
            actor="member:x", at=self.at,
        )  # fmt: skip
        membership.change_role(
            membership.get_member("eve@acme.example"), Role.AUDITOR, actor="member:x", at=self.at
        )


COMMANDS: dict[str, Callable[[World], object]] = {
    "revoke": lambda w: consents.withdraw_consent(w.consent.id, reason="", **w.by()),
    "suspend": lambda w: consents.suspend_consent(w.consent.id, reason="", **w.by()),
    "suspend the other": lambda w: consents.suspend_consent(w.other.id, reason="", **w.by()),
    "revoke the other": lambda w: consents.withdraw_consent(w.other.id, reason="", **w.by()),
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
    "disable the key": lambda w: api_key_changes.disable_key(
        w.key.id, organisation=w.key.organisation, actor="member:x", at=w.at
    ),
    "narrow the key": lambda w: w.change_key(scopes=["speech:read"]),
    "rotate the key": lambda w: api_key_changes.rotate_key(
        w.key.id, organisation=w.key.organisation, actor="member:x", at=w.at
    ),
    "let the key expire": World.let_the_key_expire,
    "freeze": World.freeze,
    "freeze and erase": World.freeze_and_erase,
    "erase": World.erase,
    "restore a backup": World.restore_a_backup,
    "pause and resume": World.pause_and_resume,
    "hold and lift": World.hold_and_lift,
    "ask for more": World.ask_for_more,
    "ask for more and be refused": World.ask_for_more_and_be_refused,
    "bind a recording": lambda w: consents.register_samples(w.consent.id, ["0" * 64], **w.by()),
    "correct the person": World.correct_the_person,
    "name and verify who acts for them": World.name_and_verify_who_acts_for_them,
    "call the voice otherwise": lambda w: voice_library.relabel_voice(
        w.voice.id, principal=principal_of(w.voice), at=w.at, name="Other"
    ),
    "delete the voice at once": World.delete_the_voice_at_once,
    "change the contact": lambda w: contact_details.change_contact(
        w.voice.organisation_id, {"dpo": "dpo@acme.example"}, actor="member:x", at=w.at
    ),
    "add a member and change their role": World.add_a_member_and_change_their_role,
    "advance the clock": World.advance_the_clock,
    "delete the voice": lambda w: voice_library.delete_voice(
        w.voice.id, principal=principal_of(w.voice)
    ),
    "the clock": World.wait_past_the_end,
    "the sweep": World.sweep_past_the_end,
    "nothing": lambda _: None,
}


HARMLESS = {
    "suspend the other", "revoke the other", "sign another", "renew", "raise another level",
    "nothing", "rotate the key", "pause and resume", "hold and lift", "ask for more",
    "ask for more and be refused", "bind a recording", "correct the person",
    "name and verify who acts for them", "call the voice otherwise", "change the contact",
    "add a member and change their role",
}  # fmt: skip
"""After these the gate still says yes to the same call, so the table shows that its other rows do
something.
"""


ROOMS: Final = (
    api_key_changes,
    provisioning,
    sandbox_clock,
    contact_details,
    membership,
    organisation_policy,
    consents,
    suspend_after_restore,
    speaker_erasure,
    erasures,
    voice_deletion,
    similarity_reviews,
    dispatch,
    voice_library,
)
"""The modules that offer the product's commands."""

APART: Final = {
    "accounts.provisioning.create_member": "what no permit rests on",
    "accounts.provisioning.create_organisation": "what no permit rests on",
    "accounts.api_key_changes.issue_key": "what no permit rests on",
    "accounts.sandbox_clock.compute_wall_time": "reads",
    "accounts.sandbox_clock.reset_test_clock": "takes back how far time was moved",
    "accounts.membership.reset_password": "the gate asks for no member",
    "accounts.membership.reset_second_factor": "the gate asks for no member",
    "consent.services.annotate_consent": "writes what the caller noted",
    "consent.services.create_speaker": "what no permit rests on",
    "consent.services.resend_link": "writes a letter",
    "consent.services.sign_consent": "ends as `sign_as_test` does",
    "erasure.erasure_requests.filter_erasures": "reads",
    "voices.similarity_reviews.settle_review": "changes no voice",
    "voices.speech.dispatch.queue_job": "makes something of a yes",
    "voices.speech.dispatch.speak_text": "makes something of a yes",
    "voices.speech.dispatch.stream_text": "makes something of a yes",
    "voices.voice_deletion.tell_overdue_deletions": "tells, and changes no voice",
    "voices.voice_library.create_voice": "makes something of a yes",
}
"""Commands that no row of the table runs, and why."""


def commands() -> set[str]:
    """Every public function of the rooms that is told by whom or when it is called."""
    found: set[str] = set()
    for room in ROOMS:
        offered = getattr(room, "__all__", None)
        for name, one in vars(room).items():
            ours = name in offered if offered else getattr(one, "__module__", "") == room.__name__
            told = (
                inspect.isfunction(one)
                and {"actor", "principal", "at"} & inspect.signature(one).parameters.keys()
            )
            if ours and told and not name.startswith("_"):
                found.add(f"{room.__name__}.{name}")
    return found


def tried() -> set[str]:
    """The functions of the rooms that this file calls by their names."""
    mine = vars(sys.modules[__name__])
    used = (
        node
        for node in ast.walk(ast.parse(Path(__file__).read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    )
    named = (
        (mine.get(node.value.id), node.attr) for node in used if isinstance(node.value, ast.Name)
    )
    return {f"{room.__name__}.{name}" for room, name in named if isinstance(room, ModuleType)}


def test_every_command_of_the_product_is_tried_or_says_why_not() -> None:
    assert commands() - tried() == APART.keys()


@pytest.fixture
def world(make_consent: MakeConsent, make_voice: MakeVoice, make_key: MakeKey) -> World:
    consent = make_consent(sensitive_content=["medical_advice"])
    world = World(make_voice(consent), consent, make_key(organisation=consent.organisation).key)
    made = consents.request_consent(
        organisation=consent.organisation, livemode=False, speaker_id=consent.speaker_id,
        duration="P1Y", grants=[grant_of(use_case="research")], actor="key:test", at=NOON,
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
        assert gate.find_ended_permits([(permit, world.at)]), "a stream runs on"
        assert raises(lambda: gate.may_still(permit, at=world.at))
        assert raises(lambda: confirmed(permit, world.at))
        if (
            "key" not in command
        ):  # what was delivered belongs to the organisation, not to one of its keys
            assert raises(lambda: gate.may_still(permit.decision_id, at=world.at))
    assert no is (command not in HARMLESS)


def test_the_gate_asks_few_questions_of_the_database(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    permit = gate.check(world.ask(), at=world.at, actor=world.actor)
    ask = world.ask()

    # Consents, keys, voices: of all streams together, twenty times a second.
    with django_assert_num_queries(3):
        assert not gate.find_ended_permits([(permit, world.at)] * 5)
    # However many consents the person has.
    with django_assert_num_queries(5):
        assert evaluation.load_and_evaluate(ask, at=world.at)[1].is_allowed


def test_some_commands_leave_the_yes_alone(world: World) -> None:
    permit = gate.check(world.ask(), at=world.at, actor=world.actor)
    world.set_policy(minimum_assurance={"agent": "L3"})
    gate.may_still(permit, at=world.at)
    confirmed(permit, world.at)
