"""What happens to keys and the test clock stands in the log."""

from __future__ import annotations

from accounts import api_key_changes
from accounts.models import Organisation
from tests.conftest import NOON
from tests.fixtures.organisations import MakeKey
from transparency_log import proofs


class TestRecord:
    def test_logs_the_life_of_a_key_in_order(self, make_key: MakeKey, acme: Organisation) -> None:
        key = make_key().key
        api_key_changes.rotate_key(key.id, organisation=acme, actor="key:key_a", at=NOON)
        api_key_changes.disable_key(key.id, organisation=acme, actor="key:key_a", at=NOON)
        kinds = [entry.kind for entry in proofs.list_history(acme.id, key.id)]
        assert kinds == ["key.issued", "key.rotated", "key.disabled"]

    def test_logs_no_secret(self, make_key: MakeKey, acme: Organisation) -> None:
        issued = make_key()
        assert issued.secret[17:] not in str(proofs.list_history(acme.id, issued.key.id))
        assert issued.key.secret_sha256 not in str(proofs.list_history(acme.id, issued.key.id))
