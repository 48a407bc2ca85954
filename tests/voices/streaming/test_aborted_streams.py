"""Streams that are broken off: no one takes them for whole, nothing leaves afterwards, what had
left is on record.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import ApiKey
from consent import gate
from consent import services as consents
from consent.models import GrantUsage, Reservation
from core import canonical_json
from provenance.models import Clip
from tests.conftest import NOON
from tests.support.wire_client import Call, Wire
from tests.voices.conftest import MakeVoice, revoke
from tests.voices.streaming.conftest import TEXT, Teller, asked, settled, until
from transparency_log import proofs
from upstream.upstream_errors import ProviderUnavailable
from voices.models import Voice, VoiceState
from voices.speech.streaming.concurrency import STREAM_SLOTS
from voices.speech.streaming.deadline_scheduler import SETTLING, THREADS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


class Held:
    """Lets a teller say its first piece, and then nothing until it is let go."""

    def __init__(self, teller: Teller, *, at: int = 1) -> None:
        self.go = threading.Event()
        self.waits = threading.Event()
        teller.before = self._before
        self._at = at

    def _before(self, number: int) -> None:
        if number == self._at:
            self.waits.set()
            assert self.go.wait(30)


@pytest.fixture
def held(teller: Teller) -> Held:
    """The teller says one piece of three, and waits."""
    return Held(teller)


def end(voice: Voice) -> None:
    revoke(voice.consent_id, voice.organisation_id)


def pause(voice: Voice) -> None:
    whose: dict[str, Any] = {
        "organisation_id": voice.organisation_id,
        "livemode": False,
        "actor": "key:x",
        "at": NOON,
    }
    consents.suspend_consent(voice.consent_id, reason="check", **whose)
    consents.resume_consent(voice.consent_id, **whose)


def remove(voice: Voice) -> None:
    Voice.objects.filter(id=voice.id).update(state=VoiceState.REVOKING)


def begun(wire: Wire, voice: Voice, held: Held, **changes: Any) -> Call:
    """A stream of which all of the first piece came that can come before the second is made."""
    call = wire.speak(asked(voice, **changes))
    assert call.chunk()
    assert held.waits.wait(20)
    return call


def kinds(clip: Clip) -> list[str]:
    return [event.kind for event in proofs.list_history(clip.organisation_id, clip.decision_id)]


class TestARevocation:
    @pytest.mark.parametrize(
        "happening",
        [end, pause, remove],
        ids=["revoked", "suspended and resumed", "of the voice alone"],
    )
    def test_cuts_the_connection_while_the_engine_is_still_at_work(
        self,
        wire: Wire,
        voice: Voice,
        teller: Teller,
        held: Held,
        happening: Callable[[Voice], None],
    ) -> None:
        call = begun(wire, voice, held)

        happening(voice)
        received = call.rest()  # the engine has not been let go: the cut waits for no one

        held.go.set()
        clip = settled(call.headers["sayso-clip"])
        assert not call.whole
        assert (clip.state, clip.code) == ("aborted", "consent_denied")
        assert (clip.sha256, clip.size) == (canonical_json.sha256_hex(received), len(received))
        assert teller.made == 2  # the step that ran, and none behind it

    def test_of_the_key_cuts_it_as_well(self, wire: Wire, voice: Voice, held: Held) -> None:
        call = begun(wire, voice, held)

        ApiKey.objects.update(disabled_at=NOON)
        call.rest()

        held.go.set()
        clip = settled(call.headers["sayso-clip"])
        assert (call.whole, clip.state, clip.code) == (False, "aborted", "key_ended")

    def test_is_seen_by_an_ordinary_client_as_an_error(
        self, port: int, wire: Wire, voice: Voice, held: Held
    ) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {wire.key}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/speech", json.dumps(asked(voice)).encode(), headers)
        response = connection.getresponse()
        first = response.read1(1000)
        assert held.waits.wait(20)

        end(voice)

        with pytest.raises(http.client.IncompleteRead) as broken:
            response.read()
        held.go.set()
        clip = settled(response.headers["Sayso-Clip"])
        assert clip.code == "consent_denied"
        assert clip.sha256 == hashlib.sha256(first + broken.value.partial).hexdigest()
        connection.close()

    def test_before_the_first_byte_is_a_refusal(
        self, wire: Wire, voice: Voice, teller: Teller
    ) -> None:
        held = Held(teller, at=0)
        call = wire.ask(asked(voice))
        assert held.waits.wait(20)

        end(voice)
        call.begin()

        held.go.set()
        assert (call.status, call.body()["code"]) == (403, "consent_denied")
        clip = settled(Clip.objects.get().id)
        assert (clip.state, clip.sha256, clip.size) == ("aborted", "", 0)
        assert Reservation.objects.get().state == "released"

    def test_behind_the_last_byte_still_breaks_it(
        self, wire: Wire, voice: Voice, teller: Teller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Everything was made, the watch has not looked yet: the transaction that settles asks by
        itself.
        """
        monkeypatch.setattr(gate, "find_ended_permits", lambda _running, **_asked: {})

        def before(number: int) -> None:
            if number == teller.pieces:
                end(voice)

        teller.before = before

        call = wire.speak(asked(voice))
        call.rest()

        clip = settled(call.headers["sayso-clip"])
        assert not call.whole
        assert (clip.state, clip.code) == ("aborted", "consent_denied")

    def test_reaches_a_client_that_takes_nothing(
        self, wire: Wire, voice: Voice, teller: Teller
    ) -> None:
        """What waits for a slow client in the server's buffers is thrown away, not flushed."""
        teller.pieces = 40
        call = wire.speak(
            asked(voice, output={"codec": "wav", "sample_rate_hz": 48_000}), buffer=4096
        )
        until(lambda: _stands_still(teller))

        end(voice)

        clip = settled(call.headers["sayso-clip"])
        received = call.rest()
        assert not call.whole
        assert (
            clip.code == "consent_denied"
        )  # and not the patience with slow clients, which ends too
        assert len(received) < 2**15 < clip.size  # what lay in the client's own buffer, and no more

    def test_is_on_record_with_what_had_left(
        self, wire: Wire, make_voice: MakeVoice, held: Held
    ) -> None:
        voice = make_voice(quota={"characters": 500, "seconds": 60, "clips": 3})
        call = begun(wire, voice, held)
        end(voice)
        call.rest()
        held.go.set()

        clip = settled(call.headers["sayso-clip"])
        event = proofs.list_history(clip.organisation_id, clip.id)[-1]
        assert (clip.code, kinds(clip)) == ("consent_denied", ["decision.allowed", "clip.aborted"])
        assert event.body is not None
        assert event.body["complete"] is False
        assert (event.body["sha256"], event.body["bytes"]) == (clip.sha256, clip.size)
        usage = GrantUsage.objects.get()
        assert (usage.used_characters, usage.held_characters) == (len(TEXT) // 3, 0)
        assert usage.used_milliseconds == clip.duration_ms > 1500
        assert (usage.used_clips, usage.held_clips) == (1, 0)

    def test_leaves_the_other_streams_alone(
        self, wire: Wire, make_voice: MakeVoice, held: Held
    ) -> None:
        one, other = make_voice(), make_voice()
        first, second = begun(wire, one, held), begun(wire, other, held)

        end(one)
        first.rest()
        held.go.set()
        second.rest()

        assert (first.whole, second.whole) == (False, True)


class TestAClientThatGoes:
    def test_frees_everything_and_pays_for_what_was_sent(
        self, wire: Wire, voice: Voice, held: Held
    ) -> None:
        call = begun(wire, voice, held)

        call.close()
        held.go.set()

        clip = settled(call.headers["sayso-clip"])
        assert (clip.state, clip.code) == ("aborted", "client_gone")
        assert clip.sha256
        assert GrantUsage.objects.get().used_characters == len(TEXT) // 3
        until(lambda: STREAM_SLOTS.in_use == 0)

    def test_before_the_first_byte_costs_nothing(
        self, wire: Wire, voice: Voice, teller: Teller
    ) -> None:
        held = Held(teller, at=0)
        call = wire.ask(asked(voice))
        assert held.waits.wait(20)

        call.close()
        held.go.set()

        clip = settled(Clip.objects.get().id)
        assert (clip.code, clip.size, Reservation.objects.get().state) == (
            "client_gone",
            0,
            "released",
        )

    def test_is_shown_in_what_the_api_says(self, wire: Wire, voice: Voice, held: Held) -> None:
        call = begun(wire, voice, held)
        call.close()
        held.go.set()
        clip = settled(call.headers["sayso-clip"])

        shown = wire.get(f"/v1/clips/{clip.id}")

        assert (shown["state"], shown["bytes"], shown["sha256"]) == (
            "aborted",
            clip.size,
            clip.sha256,
        )
        assert wire.get(f"/v1/clips/{clip.id}/audio")["code"] == "not_found"


class TestAnEngineThatFails:
    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (ProviderUnavailable("It does not answer."), "provider_unavailable"),
            (ValueError(), "internal"),
        ],
    )
    def test_midway_breaks_the_stream(
        self, wire: Wire, voice: Voice, teller: Teller, error: Exception, code: str
    ) -> None:
        def before(number: int) -> None:
            if number == 1:
                raise error

        teller.before = before
        call = wire.speak(asked(voice))
        received = call.rest()

        clip = settled(call.headers["sayso-clip"])
        assert not call.whole
        assert (clip.state, clip.code, clip.sha256) == (
            "aborted",
            code,
            canonical_json.sha256_hex(received),
        )

    def test_at_once_is_answered_like_any_error(
        self, wire: Wire, voice: Voice, teller: Teller
    ) -> None:
        def before(number: int) -> None:
            raise ProviderUnavailable("It does not answer.")

        teller.before = before

        call = wire.speak(asked(voice))

        assert (call.status, call.body()["code"]) == (503, "provider_unavailable")
        assert call.headers["retry-after"]
        clip = settled(Clip.objects.get().id)
        assert (clip.code, Reservation.objects.get().state) == ("provider_unavailable", "released")


class TestASlowClient:
    def test_is_waited_for_and_nothing_is_heaped_up(
        self, wire: Wire, voice: Voice, teller: Teller
    ) -> None:
        teller.pieces = 40
        call = wire.speak(
            asked(voice, output={"codec": "wav", "sample_rate_hz": 48_000}), buffer=4096
        )

        until(lambda: _stands_still(teller))
        assert teller.made < 10

        call.rest()
        assert call.whole
        assert teller.made == 40

    def test_holds_no_thread_while_it_is_waited_for(
        self, wire: Wire, voice: Voice, teller: Teller
    ) -> None:
        """More of them than there are threads that make sound, or that settle it, and another
        stream ends as ever.
        """
        teller.pieces = 40
        slow = max(THREADS, SETTLING) + 1
        for _ in range(slow):
            wire.speak(asked(voice, output={"codec": "wav", "sample_rate_hz": 48_000}), buffer=4096)
        until(lambda: _stands_still(teller))
        assert STREAM_SLOTS.in_use == slow

        teller.pieces = 3
        quick = wire.speak(asked(voice))
        quick.rest()

        assert quick.whole


def _stands_still(teller: Teller) -> bool:
    """Whether nothing was made for a second."""
    before = teller.made
    threading.Event().wait(1.0)
    return before > 0 and teller.made == before
