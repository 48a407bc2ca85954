"""`Idempotency-Key` and streams: a whole one is replayed at once, one that runs is waited for, a
broken one is free.
"""

from __future__ import annotations

import pytest

from accounts.models import IdempotencyRecord
from provenance.models import Clip
from tests.support.wire_client import Call, Wire
from tests.voices.conftest import revoke
from tests.voices.streaming.conftest import Teller, asked, settled, until
from tests.voices.streaming.test_aborted_streams import Held
from voices.models import Voice

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def again(wire: Wire, voice: Voice) -> Call:
    return wire.speak(asked(voice), Idempotency_Key="once")


def free() -> bool:
    return not IdempotencyRecord.objects.filter(state=IdempotencyRecord.State.RUNNING).exists()


class TestARetry:
    def test_of_a_whole_stream_gets_the_same_bytes_at_once(
        self, wire: Wire, voice: Voice, teller: Teller
    ) -> None:
        first = again(wire, voice)
        first.rest()
        until(free)

        second = again(wire, voice)

        assert (second.status, second.headers["idempotent-replayed"]) == (200, "true")
        assert second.headers["sayso-clip"] == first.headers["sayso-clip"]
        assert second.headers["content-type"] == first.headers["content-type"]
        assert second.exactly(int(second.headers["content-length"])) == first.received
        assert Clip.objects.count() == 1

    def test_while_it_runs_is_told_so(self, wire: Wire, voice: Voice, teller: Teller) -> None:
        held = Held(teller)
        first = again(wire, voice)

        second = again(wire, voice)
        held.go.set()
        first.rest()

        assert (second.status, second.body()["code"]) == (409, "idempotency_running")
        assert first.whole

    def test_of_a_broken_one_is_a_new_call(self, wire: Wire, voice: Voice, teller: Teller) -> None:
        held = Held(teller)
        first = again(wire, voice)
        assert held.waits.wait(20)
        first.close()
        held.go.set()
        settled(first.headers["sayso-clip"])
        until(free)

        second = again(wire, voice)
        second.rest()

        assert second.whole
        assert second.headers["sayso-clip"] != first.headers["sayso-clip"]

    def test_after_a_revocation_is_refused(self, wire: Wire, voice: Voice, teller: Teller) -> None:
        again(wire, voice).rest()
        until(free)
        revoke(voice.consent_id, voice.organisation_id)

        second = again(wire, voice)

        assert (second.status, second.body()["code"]) == (403, "consent_denied")
