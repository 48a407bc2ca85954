"""A stream: its first bytes leave while later sentences are made, and what left is marked, hashed,
paid for, logged.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
from pytest_django import Settings

import watermark
from accounts.api_key_changes import IssuedKey
from accounts.models import Organisation
from audio.encoding import Output, check_output
from audio.sound import Sound
from audio.stream_encoder import STREAMED, decode_sent_bytes
from consent.models import Decision, GrantUsage, Reservation
from core import canonical_json
from provenance.clips import watermark_keys
from provenance.models import Clip
from tests.conftest import NOON
from tests.fixtures.organisations import MakeKey, hold_minute
from tests.support.spoken_sentences import SENTENCES
from tests.support.wire_client import Wire
from tests.voices.conftest import MakeVoice, Reader
from tests.voices.streaming.conftest import TEXT, Teller, asked, settled
from transparency_log import proofs
from vault import blobs
from voices.models import Voice
from voices.providers import registry

pytestmark = pytest.mark.django_db(transaction=True)
WireOf = Callable[[IssuedKey], Wire]
SILENCE = Sound(np.zeros(6 * 24_000, dtype=np.float32), 24_000)


def kinds(clip: Clip) -> list[str]:
    """What the log says of the decision and its clip, in order."""
    about = proofs.list_history(clip.organisation_id, clip.decision_id)
    return [event.kind for event in about]


class TestStream:
    def test_sends_its_first_bytes_while_later_sentences_are_made(
        self, wire: Wire, voice: Voice, teller: Teller
    ) -> None:
        came = threading.Event()
        teller.before = lambda number: number != 1 or came.wait(20)

        call = wire.speak(asked(voice))
        first = call.chunk()
        made = teller.made
        came.set()
        call.rest()

        assert first
        assert made == 1
        assert call.whole
        assert teller.made == 3

    def test_has_the_head_of_a_stream(self, wire: Wire, voice: Voice, teller: Teller) -> None:
        call = wire.speak(asked(voice))
        call.rest()

        clip = settled(call.headers["sayso-clip"])
        assert (call.status, call.headers["content-type"]) == (200, "audio/mpeg")
        assert call.headers["transfer-encoding"] == "chunked"
        assert not {"content-length", "sayso-content-sha256"} & call.headers.keys()
        assert call.headers["link"].endswith(f'/v1/clips/{clip.id}/manifest>; rel="c2pa-manifest"')
        assert call.headers["sayso-decision"] == clip.decision_id
        assert call.headers["x-request-id"].startswith("req_")
        assert int(call.headers["ratelimit-remaining"]) < int(call.headers["ratelimit-limit"])

    @pytest.mark.parametrize("codec", STREAMED)
    def test_is_hashed_kept_and_marked_like_a_file(
        self, wire: Wire, voice: Voice, teller: Teller, codec: str
    ) -> None:
        call = wire.speak(asked(voice, output={"codec": codec}))
        data = call.rest()

        clip = settled(call.headers["sayso-clip"])
        assert (call.whole, clip.state, clip.size) == (True, "issued", len(data))
        assert clip.sha256 == canonical_json.sha256_hex(data)
        assert blobs.get_blob(clip.blob_id) == data
        sound = decode_sent_bytes(data, check_output(Output(codec=codec)))
        assert clip.sha256_pcm == canonical_json.sha256_hex(sound.pcm16())
        assert 10_000 < clip.duration_ms < 11_000
        current = watermark_keys.get_current_key(
            clip.organisation_id, at=NOON, livemode=clip.livemode
        )
        found = watermark.detect(sound.samples, sound.rate, key=current.key)
        assert found is not None
        assert (found.token, current.epoch) == (clip.token, clip.epoch)
        assert (clip.scheme, clip.self_checks) == (watermark.SCHEME, ["delivered", "beginning"])

    @pytest.mark.both_databases
    def test_pays_for_its_characters_and_seconds(
        self, wire: Wire, make_voice: MakeVoice, teller: Teller
    ) -> None:
        wire.speak(asked(make_voice(quota={"characters": 500, "seconds": 60, "clips": 3}))).rest()

        usage = GrantUsage.objects.get()
        assert (usage.used_characters, usage.used_clips, usage.held_characters) == (len(TEXT), 1, 0)
        assert 10_000 < usage.used_milliseconds < 11_000

    @pytest.mark.both_databases
    def test_is_logged_behind_its_decision(self, wire: Wire, voice: Voice, teller: Teller) -> None:
        call = wire.speak(asked(voice))
        call.rest()

        clip = settled(call.headers["sayso-clip"])
        assert kinds(clip) == ["decision.allowed", "clip.issued"]

    def test_has_its_manifest_beside_it(self, wire: Wire, voice: Voice, teller: Teller) -> None:
        call = wire.speak(asked(voice))
        call.rest()

        clip = settled(call.headers["sayso-clip"])
        manifest = blobs.get_blob(clip.manifest_blob_id)
        assert (clip.manifest_mode, clip.manifest_sha256) == (
            "sidecar",
            canonical_json.sha256_hex(manifest),
        )

    def test_that_is_short_is_checked_like_a_file_before_its_first_byte(
        self, wire: Wire, voice: Voice, teller: Teller
    ) -> None:
        teller.pieces, teller.sounds = 1, [Sound(teller.piece(0).samples[: 2 * 24_000], 24_000)]

        call = wire.speak(asked(voice))
        call.rest()

        clip = settled(call.headers["sayso-clip"])
        assert (call.whole, clip.state) == (True, "issued")
        assert clip.self_checks[0] == "delivered"
        assert "opus" in clip.self_checks

    @pytest.mark.both_databases
    def test_has_its_facts_at_the_clip(self, wire: Wire, voice: Voice, teller: Teller) -> None:
        call = wire.speak(asked(voice))
        call.rest()

        shown = wire.get(f"/v1/clips/{call.headers['sayso-clip']}")

        assert (shown["state"], shown["bytes"]) == ("issued", len(call.received))
        assert shown["sha256"] == canonical_json.sha256_hex(call.received)


class TestRefusal:
    """Before the first byte every refusal is a problem document, and nothing was made."""

    @pytest.mark.parametrize(
        ("changes", "status", "code", "attr"),
        [
            ({"output": {"codec": "flac"}}, 422, "unsupported_field", "output.codec"),
            ({"prosody": {"emotion": "joy"}}, 422, "unsupported_field", "prosody.emotion"),
            ({"language": "ja", "text": SENTENCES["ja"]}, 403, "language_not_covered", None),
            ({"text": SENTENCES["es"]}, 403, "language_mismatch", None),
            ({"voice": "vox_" + "a" * 26}, 404, None, None),
        ],
    )
    def test_comes_at_once(
        self,
        wire: Wire,
        voice: Voice,
        teller: Teller,
        changes: dict[str, object],
        status: int,
        code: str,
        attr: str,
    ) -> None:
        call = wire.speak(asked(voice, **changes))
        found = call.body()

        assert (call.status, call.headers["content-type"]) == (status, "application/problem+json")
        assert [(row["code"], row["attr"]) for row in found["errors"]] == (
            [(code, attr)] if code else []
        )
        assert teller.made == 0
        assert not Clip.objects.exists()

    def test_of_an_engine_that_speaks_whole_texts_alone(
        self, wire: Wire, voice: Voice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(registry, "_BUILT_IN", {"local": Reader})

        found = wire.speak(asked(voice)).body()

        assert (found["errors"][0]["code"], found["errors"][0]["attr"]) == (
            "unsupported_field",
            "delivery.mode",
        )

    @pytest.mark.both_databases
    def test_of_one_stream_too_many_decides_nothing(
        self, wire: Wire, voice: Voice, teller: Teller, settings: Settings
    ) -> None:
        settings.SAYSO_MAX_STREAMS = 1
        more = threading.Event()
        teller.before = lambda number: number != 1 or more.wait(20)
        first = wire.speak(asked(voice))

        second = wire.speak(asked(voice))
        more.set()
        first.rest()

        assert (second.status, second.body()["code"], second.headers["retry-after"]) == (
            503,
            "streams_busy",
            "1",
        )
        assert Decision.objects.count() == 1
        assert first.whole

    @pytest.mark.both_databases
    def test_of_a_key_that_calls_too_often(
        self, wire_of: WireOf, voice: Voice, teller: Teller, make_key: MakeKey
    ) -> None:
        key = make_key(calls_per_minute=1)
        hold_minute(key)
        wire = wire_of(key)
        wire.speak(asked(voice)).rest()
        assert wire.speak(asked(voice)).status == 429

    @pytest.mark.both_databases
    def test_finds_no_neighbours_voice(
        self, wire_of: WireOf, voice: Voice, teller: Teller, make_key: MakeKey, bolt: Organisation
    ) -> None:
        stranger = wire_of(make_key(organisation=bolt))
        assert stranger.speak(asked(voice)).status == 404
        assert not Clip.objects.exists()


@pytest.mark.both_databases
class TestUnmarked:
    def test_is_broken_off_where_it_must_be_marked(
        self, wire: Wire, voice: Voice, teller: Teller
    ) -> None:
        teller.sounds = [SILENCE] * 3

        call = wire.speak(asked(voice))
        data = call.rest()

        clip = settled(call.headers["sayso-clip"])
        assert not call.whole
        assert (clip.state, clip.code, clip.sha256) == (
            "aborted",
            "mark_failed",
            canonical_json.sha256_hex(data),
        )
        assert clip.duration_ms < 18_000  # the early look ended it
        assert kinds(clip) == ["decision.allowed", "clip.mark_failed", "clip.aborted"]

    def test_that_is_short_is_refused_before_its_first_byte(
        self, wire: Wire, voice: Voice, teller: Teller
    ) -> None:
        teller.pieces, teller.sounds = 1, [Sound(SILENCE.samples[:24_000], 24_000)]

        call = wire.speak(asked(voice))

        assert (call.status, call.body()["code"]) == (403, "mark_failed")
        clip = settled(Clip.objects.get().id)
        assert (clip.state, clip.sha256, Reservation.objects.get().state) == (
            "aborted",
            "",
            "released",
        )

    @pytest.mark.parametrize("pieces", [[SILENCE] * 3, [Sound(SILENCE.samples[:24_000], 24_000)]])
    def test_goes_on_where_the_policy_says_so_and_the_log_says_it(
        self, wire: Wire, voice: Voice, teller: Teller, acme: Organisation, pieces: list[Sound]
    ) -> None:
        Organisation.objects.filter(id=acme.id).update(policy={"mark_failed": "deliver"})
        teller.pieces, teller.sounds = len(pieces), pieces

        call = wire.speak(asked(voice))
        call.rest()

        clip = settled(call.headers["sayso-clip"])
        assert (call.whole, clip.state, clip.scheme, clip.self_checks) == (True, "issued", "", [])
        assert kinds(clip) == ["decision.allowed", "clip.mark_failed", "clip.issued"]


class TestTheBuiltInEngine:
    @pytest.mark.parametrize("text", ["Hello world", "Yes."])
    def test_streams_a_short_line(self, wire: Wire, voice: Voice, profile: None, text: str) -> None:
        call = wire.speak(asked(voice, text=text, output={"codec": "wav"}))
        data = call.rest()

        clip = settled(call.headers["sayso-clip"])
        assert (call.whole, clip.state) == (True, "issued")
        assert clip.sha256 == canonical_json.sha256_hex(data)
        assert bool(clip.scheme) == (clip.mark_reason == "")
        assert clip.mark_reason in {"", "too_short"}

    @pytest.mark.both_databases
    def test_streams_a_real_text(self, wire: Wire, voice: Voice, profile: None) -> None:
        text = (
            "The harbour lay still. Nobody had lit the lamps yet. Then, one after another, the "
            "windows shone."
        )

        call = wire.speak(asked(voice, text=text, output={"codec": "opus"}))
        data = call.rest()

        clip = settled(call.headers["sayso-clip"])
        assert (call.whole, clip.state, clip.sha256) == (
            True,
            "issued",
            canonical_json.sha256_hex(data),
        )
        assert clip.self_checks[0] == "delivered"
