"""What a question costs: seconds of sound, places, keys, and nothing if the file came before."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import provisioning
from accounts.models import Organisation
from audio import decoding
from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from core.errors import RateLimited
from core.places import PlacePool, ServerBusy
from provenance import anonymous_rate_limit, organisation_rate_limit
from provenance.clips import watermark_key_search, watermark_keys
from provenance.models import Clip, MarkKey
from provenance.verification import Outcome, finding_cache, upload, verify
from provenance.verification.finding_cache import FindingCache
from tests.conftest import NOON
from tests.fixtures.organisations import MakeKey
from tests.voices.conftest import (
    MakeVoice,
    Reader,
    noon,
    only,
    order_for,
    principal_of,
    reading,
    revoke,
)  # fmt: skip
from voices import reconcile
from voices.models import Voice
from voices.speech import pipeline
from voices.speech.clip_delivery import DeliveredClip

pytestmark = pytest.mark.django_db(transaction=True)
STRANGER = "203.0.113.9"


def speech(seconds: float) -> bytes:
    whole = reading()
    return encode_sound(
        Sound(whole.samples[: round(seconds * whole.rate)], whole.rate), Output(codec="flac")
    )


def altered(spoken: DeliveredClip) -> bytes:
    sound = decode_untrusted(spoken.data).sound
    return encode_sound(sound, Output(codec="mp3", sample_rate_hz=24_000, bit_rate_bps=64_000))


@pytest.fixture
def no_decoder(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Forbids decoding once it is called."""

    def forbid() -> None:
        def fail(*_order: Any, **_options: Any) -> Any:
            raise AssertionError("decoded again")

        monkeypatch.setattr(decoding, "decode_untrusted", fail)

    return forbid


class TestAnAddress:
    @pytest.mark.parametrize(
        ("address", "counted"),
        [
            ("203.0.113.9", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("", ""),
        ],
    )
    def test_is_counted_by_its_network(self, address: str, counted: str) -> None:
        assert anonymous_rate_limit.mask_to_network(address) == counted

    def test_of_ipv6_shares_its_limit_with_its_neighbours(self) -> None:
        for number in range(30):
            anonymous_rate_limit.count_request(f"2001:db8:1:2::{number:x}", at=NOON)
        with pytest.raises(RateLimited):
            anonymous_rate_limit.count_request("2001:db8:1:2:9::9", at=NOON)
        anonymous_rate_limit.count_request("2001:db8:1:3::1", at=NOON)


@pytest.mark.usefixtures("clock_at_noon")
class TestTheSecondsOfAStranger:
    def test_are_bounded_a_minute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(anonymous_rate_limit, "SECONDS_A_MINUTE", 7)
        verify(speech(3.0), address=STRANGER)
        verify(speech(2.5), address=STRANGER)  # begins within the minute's share
        with pytest.raises(RateLimited, match="Too much sound"):
            verify(speech(2.0), address=STRANGER)
        verify(speech(2.0), address="203.0.113.10")

    @pytest.mark.both_databases
    def test_of_an_organisation_are_bounded_apart(
        self, monkeypatch: pytest.MonkeyPatch, acme: Organisation
    ) -> None:
        monkeypatch.setattr(anonymous_rate_limit, "SECONDS_A_MINUTE", 3)
        monkeypatch.setattr(organisation_rate_limit, "SECONDS_A_MINUTE", 7)
        for seconds in (3.0, 2.5):
            verify(speech(seconds), prefer_organisation_id=acme.id, address=STRANGER)
        with pytest.raises(RateLimited, match="from this organisation"):
            verify(speech(2.0), prefer_organisation_id=acme.id, address=STRANGER)
        verify(speech(2.0), address=STRANGER)  # which has a share of its own


class TestAPlace:
    def test_that_is_not_free_is_told_to_both(
        self, monkeypatch: pytest.MonkeyPatch, acme: Organisation
    ) -> None:
        monkeypatch.setattr(upload, "EXAMINATIONS", PlacePool(lambda: 2))
        monkeypatch.setattr(upload, "SECONDS_WITHOUT_KEY", 0.01)
        monkeypatch.setattr(upload, "SECONDS_WITH_KEY", 0.01)
        with upload.EXAMINATIONS.hold_place("x", has_key=False, wait_seconds=0):
            with pytest.raises(ServerBusy):
                verify(speech(2.0), address=STRANGER)
            verify(speech(2.0), prefer_organisation_id=acme.id)
            with (
                upload.EXAMINATIONS.hold_place("y", has_key=True, wait_seconds=0),
                pytest.raises(ServerBusy),
            ):
                verify(speech(2.1), prefer_organisation_id=acme.id)
        assert upload.EXAMINATIONS.in_use == 0


class TestACallerWithAKey:
    """L-E3."""

    def test_is_limited_by_the_key_and_not_by_the_address(
        self, client: Client, make_key: MakeKey
    ) -> None:
        bearer = {"HTTP_AUTHORIZATION": f"Bearer {make_key().secret}"}
        statuses = {self.ask(client, **bearer) for _ in range(35)}
        assert statuses == {200}
        assert [self.ask(client) for _ in range(31)][-2:] == [200, 429]
        assert self.ask(client, **bearer) == 200

    def test_with_a_bad_key_is_no_stranger(self, client: Client) -> None:
        assert self.ask(client, HTTP_AUTHORIZATION="Bearer sayso_test_x") == 401

    def ask(self, client: Client, **headers: Any) -> int:
        file = SimpleUploadedFile("a.wav", b"no sound")
        return client.post("/v1/verify", {"file": file}, **headers).status_code


class TestAFileThatComesAgain:
    def test_is_not_decoded_and_judged_by_the_rows_as_they_stand(
        self, spoken: DeliveredClip, voice: Voice, no_decoder: Any
    ) -> None:
        data = altered(spoken)
        assert verify(data).outcome is Outcome.ALTERED
        no_decoder()

        assert verify(data, address=STRANGER).outcome is Outcome.ALTERED
        revoke(voice.consent_id, voice.organisation_id)
        reconcile.sweep_pending_work(at=NOON)
        assert verify(data).outcome is Outcome.WITHDRAWN

    def test_takes_no_place_and_no_seconds(
        self, monkeypatch: pytest.MonkeyPatch, acme: Organisation
    ) -> None:
        data = speech(3.0)
        first = verify(data, address=STRANGER)
        monkeypatch.setattr(anonymous_rate_limit, "SECONDS_A_MINUTE", 1)
        monkeypatch.setattr(upload, "EXAMINATIONS", PlacePool(lambda: 0))
        assert verify(data, address=STRANGER) == first

    def test_is_searched_again_under_a_new_key(self, acme: Organisation, no_decoder: Any) -> None:
        data = speech(3.0)
        verify(data)
        watermark_keys.get_current_key(acme.id, at=NOON)
        no_decoder()
        with pytest.raises(AssertionError, match="decoded again"):
            verify(data)

    def test_is_searched_again_once_there_are_new_clips(
        self, voice: Voice, no_decoder: Any
    ) -> None:
        data = speech(3.0)
        verify(data)
        say(voice)
        no_decoder()
        with pytest.raises(AssertionError, match="decoded again"):
            verify(data)

    def test_is_searched_again_after_a_while_however_often_it_comes(self) -> None:
        # An index whose transactions commit in another order shows no new version.
        lasting, short = FindingCache(), FindingCache(keep_seconds=0.2)
        for cache in (lasting, short):
            cache.store_findings("a", (1,), {"sound": 1})
            assert cache.get_findings("a", (1,)) == {"sound": 1}
            cache.store_findings("a", (1,), {"sound": 1, "lines": 2})
            assert cache.get_findings("a", (2,)) == {}
        time.sleep(0.25)

        assert lasting.get_findings("a", (1,)) == {"sound": 1, "lines": 2}
        assert short.get_findings("a", (1,)) == {}

    def test_leaves_no_byte_of_itself(self) -> None:
        data = speech(3.0)
        verify(data)
        assert data[:200] not in repr(finding_cache.FINDINGS._found).encode()
        kept = finding_cache.FINDINGS._found.popitem()
        assert len(repr(kept)) < 1_000


class TestTestData:
    """S6: a test key with a test clock blinded the verify page for everybody."""

    def test_has_one_key_whatever_its_clock_says(self, acme: Organisation) -> None:
        for year in range(200):
            at = NOON + timedelta(days=366 * year)
            watermark_keys.get_current_key(acme.id, at=at, livemode=False)
        assert list(MarkKey.objects.values_list("epoch", flat=True)) == [watermark_keys.TEST_EPOCH]

    def test_has_a_key_of_its_own_that_is_tried_last(
        self, acme: Organisation, bolt: Organisation
    ) -> None:
        for organisation in (acme, bolt):
            for livemode in (False, True):
                watermark_keys.get_current_key(organisation.id, at=NOON, livemode=livemode)

        keys = watermark_keys.list_watermark_keys()

        epochs = [watermark_keys.parse_key_name(name)[1] for name in keys]
        assert epochs == [2026, 2026, 0, 0]
        assert len(set(keys.values())) == 4

    def test_clips_carry_it(self, make_voice: MakeVoice) -> None:
        clip = Clip.objects.get(id=say(make_voice()).clip_id)
        assert (clip.livemode, clip.epoch) == (False, watermark_keys.TEST_EPOCH)


class TestManyKeys:
    def test_hide_no_clip_and_open_few(
        self, spoken: DeliveredClip, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """602 keys hid every altered clip (S6)."""
        grow(40, NOON + timedelta(days=366))
        grow(40, NOON, livemode=False)
        monkeypatch.setattr(watermark_key_search, "MOST_LIVE", 4)
        monkeypatch.setattr(watermark_key_search, "MOST_TEST", 4)
        opened = 0
        derive = watermark_keys.derive_watermark_keys

        def count(rows: Any) -> dict[str, bytes]:
            nonlocal opened
            rows = list(rows)
            opened += len(rows)
            return derive(rows)

        verify(speech(2.2))  # the process learns the patterns once
        monkeypatch.setattr(watermark_keys, "derive_watermark_keys", count)

        verdict = verify(altered(spoken))

        assert verdict.clip is not None
        assert (verdict.outcome, verdict.clip.id) == (Outcome.ALTERED, spoken.clip_id)
        assert opened <= 40  # of 81: five stages choose eight each

    def test_are_said_when_nothing_was_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        grow(6, NOON)
        monkeypatch.setattr(watermark_key_search, "MOST_LIVE", 4)
        assert "watermark.absent.partly" in {row.key for row in verify(speech(2.0)).evidence}


def grow(count: int, at: datetime, *, livemode: bool = True) -> None:
    for number in range(count):
        organisation = provisioning.create_organisation(
            name=f"Other {number} {livemode}", at=NOON, reached_at="voices@other.example"
        )
        watermark_keys.get_current_key(organisation.id, at=at, livemode=livemode)


def say(voice: Voice) -> DeliveredClip:
    return pipeline.synthesize_clip(
        order_for(voice, output=Output(codec="wav")),
        voice,
        principal=principal_of(voice),
        now=noon,
        providers=only(Reader()),
    )
