"""What happens to keys and the test clock stands in the log."""

from __future__ import annotations

from accounts import services
from accounts.models import Organisation
from provenance.ledger import proofs
from tests.cast import MakeKey
from tests.conftest import NOON


class TestRecord:
    def test_logs_the_life_of_a_key_in_order(self, make_key: MakeKey, acme: Organisation) -> None:
        key = make_key().key
        services.rotate_key(key.id, organisation=acme, actor="key:key_a", at=NOON)
        services.disable_key(key.id, organisation=acme, actor="key:key_a", at=NOON)
        kinds = [entry.kind for entry in proofs.history(acme.id, key.id)]
        assert kinds == ["key.issued", "key.rotated", "key.disabled"]

    def test_logs_no_secret(self, make_key: MakeKey, acme: Organisation) -> None:
        issued = make_key()
        assert issued.secret[17:] not in str(proofs.history(acme.id, issued.key.id))
        assert issued.key.secret_sha256 not in str(proofs.history(acme.id, issued.key.id))
