"""Streams of a provider over the network: they hold no thread, pass on what has come, and end at
once on both sides.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, ClassVar

import pytest
from pytest_django import Settings

from accounts.models import ApiKey
from consent import services as consents
from consent.models import Consent, Grant, GrantUsage
from core import clock
from provenance.models import Clip
from tests.conftest import NOON
from tests.emulators import inworld
from tests.emulators.emulator import Fault
from tests.emulators.inworld import PIECE_SECONDS, InworldEmulator
from tests.fixtures.consents import MakeConsent
from tests.support.checked_accounts import check_account
from tests.support.wire_client import Call, Wire
from tests.voices.conftest import Http, revoke
from tests.voices.streaming.conftest import asked, settled, until
from tests.voices.test_background_cloning import ask
from upstream.account_limits import ACCOUNT_LIMITS
from voices.models import Voice, VoiceState

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]

MANY = 50
SLOW = 2.5
"""What a busy machine may add to a promise of 250 ms: the bench measures, these tests notice a
stream that goes on.
"""
TEXT = "The lamps along the harbour were lit one after another. " * 5
MakeRemote = Callable[..., Voice]


@pytest.fixture
def emulator(client: Http, settings: Settings) -> Iterator[InworldEmulator]:
    """An emulated Inworld that Acme is connected to."""
    settings.SAYSO_DEVELOPMENT = True
    settings.SAYSO_PROVIDER_AT_ONCE = settings.SAYSO_MAX_STREAMS = 2 * MANY
    made = InworldEmulator()
    with made.running():
        account = {
            "provider": "inworld",
            "base_url": made.base_url,
            "credentials": {"api_key": inworld.KEY},
        }
        answer = client.post("/v1/provider_accounts", account, format="json")
        check_account(answer.json()["id"], made)
        yield made
        made.pace.hold_at = None
    ACCOUNT_LIMITS.forget_all()


@pytest.fixture
def make_remote(client: Http, emulator: InworldEmulator, make_consent: MakeConsent) -> MakeRemote:
    """Makes a voice at Inworld."""

    def make(**terms: Any) -> Voice:
        consent = make_consent(providers=["inworld", "local"], **terms)
        answer = ask(client, consent.id, provider="inworld", delivery={"mode": "sync"})
        assert answer.status_code == 201, answer.json()
        return Voice.objects.get(id=answer.json()["id"])

    return make


def begin(wire: Wire, voice: Voice, **changes: Any) -> Call:
    return wire.ask(asked(voice, text=TEXT, **changes))


def pieces_of(seconds: float) -> int:
    return round(seconds / PIECE_SECONDS)


class TestAProviderThatSpeaksSlowly:
    def test_is_heard_before_it_has_ended(
        self, wire: Wire, make_remote: MakeRemote, emulator: InworldEmulator
    ) -> None:
        emulator.pace.hold_at = pieces_of(4)
        call = begin(wire, make_remote())
        call.begin()

        assert call.chunk()
        assert (emulator.pace.written, emulator.pace.whole) == (pieces_of(4), 0)

        emulator.pace.hold_at = None
        call.rest()
        assert (call.whole, emulator.pace.whole) == (True, 1)
        assert settled(call.headers["sayso-clip"]).state == "issued"

    def test_is_waited_for_without_a_thread_however_many_wait(
        self, wire: Wire, make_remote: MakeRemote, emulator: InworldEmulator
    ) -> None:
        """And all of them are cut when the consent ends, here and at the provider."""
        emulator.pace.hold_at = pieces_of(4)
        voice = make_remote()
        calls = [begin(wire, voice) for _ in range(MANY)]
        for call in calls:
            call.begin()
            assert call.chunk()
        until(lambda: threading.active_count() < MANY // 2, seconds=10)

        revoke(voice.consent_id, voice.organisation_id)
        committed = time.monotonic()
        for call in calls:
            call.rest()
        ended = time.monotonic() - committed

        assert [call.whole for call in calls] == [False] * MANY
        assert ended < SLOW
        until(lambda: len(emulator.pace.gone) == MANY, seconds=10)
        clips = [settled(call.headers["sayso-clip"]) for call in calls]
        assert {clip.code for clip in clips} == {"consent_denied"}
        assert [clip.size for clip in clips] == [len(call.received) for call in calls]
        assert emulator.pace.whole == 0


class TestTheEnd:
    times: ClassVar[list[datetime]] = []

    @pytest.fixture(autouse=True)
    def clock_of_the_service(self, clock_at_noon: None, monkeypatch: pytest.MonkeyPatch) -> None:
        """It says the last of `times`."""
        self.times[:] = [NOON]
        monkeypatch.setattr(clock, "now", lambda: self.times[-1])

    def revoke(self, voice: Voice) -> str:
        revoke(voice.consent_id, voice.organisation_id)
        return "consent_denied"

    def suspend(self, voice: Voice) -> str:
        consents.suspend_consent(
            voice.consent_id,
            reason="check",
            organisation_id=voice.organisation_id,
            livemode=False,
            actor="key:x",
            at=NOON,
        )
        return "consent_denied"

    def let_expire(self, voice: Voice) -> str:
        until = Consent.objects.get(id=voice.consent_id).valid_until
        assert until is not None
        self.times.append(until)
        return "consent_denied"

    def remove_voice(self, voice: Voice) -> str:
        Voice.objects.filter(id=voice.id).update(state=VoiceState.REVOKING)
        return "consent_denied"

    def disable_key(self, _voice: Voice) -> str:
        ApiKey.objects.update(disabled_at=NOON)
        return "key_ended"

    def use_up_quota(self, voice: Voice) -> str:
        """Another call, of another process, has spent the rest."""
        grant = Grant.objects.get(consent_id=voice.consent_id)
        GrantUsage.objects.filter(grant=grant).update(used_milliseconds=59_000)
        return "consent_denied"

    @pytest.mark.parametrize(
        "happening",
        [revoke, suspend, let_expire, remove_voice, disable_key, use_up_quota],
        ids=lambda one: one.__name__,
    )
    def test_breaks_the_stream_and_the_provider_s_at_once(
        self,
        wire: Wire,
        make_remote: MakeRemote,
        emulator: InworldEmulator,
        happening: Callable[[Any, Voice], str],
    ) -> None:
        emulator.pace.hold_at = pieces_of(4)
        voice = make_remote(quota={"characters": 5_000, "seconds": 60, "clips": 9})
        call = begin(wire, voice)
        call.begin()
        assert call.chunk()

        code = happening(self, voice)
        changed = time.monotonic()
        received = call.rest()
        ended = time.monotonic() - changed

        assert not call.whole
        assert ended < SLOW
        until(lambda: emulator.pace.gone, seconds=SLOW)
        clip = settled(call.headers["sayso-clip"])
        assert (clip.state, clip.code, clip.size) == ("aborted", code, len(received))


class TestAClientThatGoes:
    def test_ends_the_provider_s_speech_at_once(
        self, wire: Wire, make_remote: MakeRemote, emulator: InworldEmulator
    ) -> None:
        emulator.pace.hold_at = pieces_of(4)
        call = begin(wire, make_remote())
        call.begin()
        assert call.chunk()

        call.close()

        until(lambda: emulator.pace.gone, seconds=SLOW)
        clip = settled(call.headers["sayso-clip"])
        assert (clip.state, clip.code, ACCOUNT_LIMITS.in_use) == ("aborted", "client_gone", 0)
        assert clip.size > 0

    def test_before_the_first_byte_ends_it_too(
        self, wire: Wire, make_remote: MakeRemote, emulator: InworldEmulator
    ) -> None:
        emulator.pace.hold_at = 1
        call = begin(wire, make_remote())
        until(lambda: emulator.pace.written)

        call.close()

        until(lambda: emulator.pace.gone, seconds=SLOW)
        clip = settled(Clip.objects.get().id)
        assert (clip.state, clip.code, clip.size) == ("aborted", "client_gone", 0)

    def test_is_followed_by_no_more_than_was_under_way_when_it_takes_nothing(
        self, wire: Wire, make_remote: MakeRemote, emulator: InworldEmulator
    ) -> None:
        """What a slow client does not take is not asked of the provider either."""
        voice = make_remote()
        long = TEXT * 6
        call = wire.ask(
            asked(voice, text=long, output={"codec": "wav", "sample_rate_hz": 48_000}), buffer=4096
        )
        call.begin()
        until(lambda: _stands_still(emulator))

        asked_for = emulator.pace.written
        call.rest()

        assert asked_for < emulator.pace.written
        assert (call.whole, emulator.pace.whole) == (True, 1)


class TestAProviderThatBreaksOff:
    def test_breaks_the_stream(
        self, wire: Wire, make_remote: MakeRemote, emulator: InworldEmulator
    ) -> None:
        emulator.pace.seconds = 0.02
        emulator.faults["stream"] = Fault(cut_after=pieces_of(8))
        call = begin(wire, make_remote())
        call.begin()
        received = call.rest()

        clip = settled(call.headers["sayso-clip"])
        assert not call.whole
        assert (clip.state, clip.code, clip.size) == (
            "aborted",
            "provider_unavailable",
            len(received),
        )
        assert received

    def test_that_refuses_is_answered_before_the_first_byte(
        self, wire: Wire, make_remote: MakeRemote, emulator: InworldEmulator
    ) -> None:
        voice = make_remote()
        emulator.fail("/tts/v1/voice:stream", Fault(status=400))
        call = begin(wire, voice)
        call.begin()

        assert (call.status, call.body()["code"]) == (422, "provider_refused")
        assert settled(Clip.objects.get().id).code == "provider_refused"


def _stands_still(emulator: InworldEmulator) -> bool:
    written = emulator.pace.written
    time.sleep(0.5)
    return written > 0 and emulator.pace.written == written
