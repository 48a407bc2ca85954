"""An organisation's policy: only entries that a room knows, in their form, changed by an owner, on
record.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings

from accounts import organisation_policy
from accounts.models import Member, Organisation, Role
from core.errors import Invalid
from tests.conftest import NOON
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import MakeMember
from tests.support import databases
from transparency_log import proofs, sequencer
from transparency_log.models import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.once(databases.POSTGRESQL)]
GOOD: dict[str, Any] = {
    "mark_failed": "deliver",
    "c2pa_failed": "refuse",
    "minimum_assurance": {"agent": "L2", "*": "L1"},
    "disclosure": [{"territories": ["CN"], "mode": "spoken"}],
}


def change(organisation: Organisation, new: dict[str, Any]) -> bool:
    return organisation_policy.change_policy(organisation.id, new, actor="member:x", at=NOON)


class TestTheEntries:
    def test_are_all_in_the_guide_for_operators(self) -> None:
        guide = (settings.BASE_DIR / "docs" / "operation.md").read_text(encoding="utf-8")
        table = guide.partition("## An organisation's policy")[2].partition("\n## ")[0]

        named = re.findall(r"^\| `(\w+)` \| `", table, re.MULTILINE)
        known = [entry.name for entry in organisation_policy.list_policy_entries()]
        assert sorted(named) == known


class TestChange:
    def test_replaces_the_policy_and_logs_both(self, acme: Organisation) -> None:
        assert change(acme, {"mark_failed": "refuse"})
        assert change(acme, GOOD)

        assert organisation_policy.get_policy(acme.id) == GOOD
        sequencer.settle_log(acme.id, at=NOON)
        assert list(Entry.objects.values_list("kind", flat=True)) == ["policy.changed"] * 2

    def test_that_changes_nothing_is_not_logged(self, acme: Organisation) -> None:
        change(acme, GOOD)

        assert not change(acme, GOOD)
        sequencer.settle_log(acme.id, at=NOON)
        assert Entry.objects.count() == 1

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"no_such": 1}, "unknown_field"),
            ({"mark_failed": "maybe"}, "invalid"),
            ({"mark_failed": None}, "invalid"),
            ({"mark_failed": ["deliver"]}, "invalid"),
            ({"minimum_assurance": []}, "invalid"),
            ({"minimum_assurance": {"agent": "L4"}}, "invalid"),
            ({"minimum_assurance": {"agent": ["L2"]}}, "invalid"),
            ({"minimum_assurance": {"cooking": "L2"}}, "invalid"),
            ({"disclosure": {"mode": "spoken"}}, "invalid"),
            ({"disclosure": [{"mode": "shouted"}]}, "invalid"),
            ({"disclosure": [{"mode": ["spoken"]}]}, "invalid"),
            ({"disclosure": [{"mode": "spoken", "channels": "app"}]}, "invalid"),
            ({"disclosure": [{"mode": "spoken", "channels": [7]}]}, "invalid"),
            ({"disclosure": [{"mode": "spoken", "colour": "red"}]}, "invalid"),
        ],
    )
    def test_takes_no_entry_that_no_one_could_read(
        self, acme: Organisation, wrong: dict[str, Any], code: str
    ) -> None:
        change(acme, GOOD)

        with pytest.raises(Invalid) as refusal:
            change(acme, {**GOOD, **wrong})

        assert [(fault.code, fault.attr) for fault in refusal.value.faults] == [
            (code, next(iter(wrong)))
        ]
        assert organisation_policy.get_policy(acme.id) == GOOD

    def test_has_an_example_that_it_takes_for_every_entry(self, acme: Organisation) -> None:
        examples = {
            entry.name: entry.example for entry in organisation_policy.list_policy_entries()
        }

        assert set(GOOD) <= set(examples)
        assert change(acme, examples)


class TestThePage:
    PATH = "/admin/accounts/organisation/{}/policy/"

    def post(self, member: Member, text: str, reason: str = "a new contract") -> tuple[int, str]:
        answer = logged_in(member).post(
            self.PATH.format(member.organisation_id), {"policy": text, "reason": reason}
        )
        return answer.status_code, answer.content.decode()

    def test_changes_it_for_an_owner_and_keeps_the_reason(
        self, make_member: MakeMember, acme: Organisation
    ) -> None:
        status, _ = self.post(make_member(), '{"mark_failed": "deliver"}')

        assert (status, organisation_policy.get_policy(acme.id)) == (
            302,
            {"mark_failed": "deliver"},
        )
        sequencer.settle_log(acme.id, at=NOON)
        assert list(Entry.objects.order_by("idx").values_list("kind", flat=True)) == [
            "policy.changed",
            "admin.action",
        ]
        acted = proofs.list_history(acme.id, Entry.objects.get(kind="admin.action").event_id)
        assert acted is not None

    @pytest.mark.parametrize(
        "text", ["not JSON", "[]", "7", '{"no_such": 1}', '{"mark_failed": "maybe"}']
    )
    def test_says_what_is_wrong_and_changes_nothing(
        self, make_member: MakeMember, acme: Organisation, text: str
    ) -> None:
        status, body = self.post(make_member(), text)

        assert (status, organisation_policy.get_policy(acme.id)) == (200, {})
        assert 'role="alert"' in body
        assert not Entry.objects.exists()

    def test_wants_a_reason(self, make_member: MakeMember, acme: Organisation) -> None:
        status, _ = self.post(make_member(), '{"mark_failed": "deliver"}', reason=" ")

        assert (status, organisation_policy.get_policy(acme.id)) == (200, {})

    @pytest.mark.parametrize("role", [Role.OFFICER, Role.ENGINEER, Role.AUDITOR])
    def test_is_for_owners_alone(
        self, make_member: MakeMember, acme: Organisation, role: str
    ) -> None:
        status, _ = self.post(make_member(role=role), '{"mark_failed": "deliver"}')

        assert (status, organisation_policy.get_policy(acme.id)) == (403, {})

    def test_is_not_there_at_the_address_of_another_organisation(
        self, make_member: MakeMember, acme: Organisation, bolt: Organisation
    ) -> None:
        client = logged_in(make_member())
        given = {"policy": '{"mark_failed": "deliver"}', "reason": "mischief"}

        assert client.get(self.PATH.format(bolt.id)).status_code == 404
        assert client.post(self.PATH.format(bolt.id), given).status_code == 404
        assert client.post(self.PATH.format("org_nobody"), given).status_code == 404
        assert (
            organisation_policy.get_policy(bolt.id) == organisation_policy.get_policy(acme.id) == {}
        )
