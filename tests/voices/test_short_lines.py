"""Short lines are spoken: lengthened where that gives them a mark, else known by their sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from accounts.models import Organisation
from audio.decoding import decode_trusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from consent.models import GrantUsage
from provenance.fingerprint import clip_fingerprints
from provenance.models import Clip
from provenance.verification import verify
from tests.voices.conftest import (
    Http,
    Reader,
    noon,
    only,
    order_for,
    principal_of,
    reading,
    say,
)
from voices.models import Voice
from voices.providers import registry
from voices.speech import job_queue, pipeline

LINES = ("Hello world", "Yes.", "No, wait!")
RATE = 24_000


def cut(start: float, seconds: float) -> Sound:
    """Some speech of a reader, which says no whole word."""
    whole = reading("0920").resample(RATE)
    first = round(start * RATE)
    return Sound(whole.samples[first : first + round(seconds * RATE)], RATE)


def speak(voice: Voice, sound: Sound, **changes: Any) -> tuple[Clip, Sound]:
    """A line that sounds so: its clip, and what its bytes decode to."""
    spoken = pipeline.synthesize_clip(
        order_for(voice, text="Yes.", output=Output(codec="wav"), **changes),
        voice,
        principal=principal_of(voice),
        now=noon,
        providers=only(Reader(sound=sound)),
    )
    return Clip.objects.get(id=spoken.clip_id), decode_trusted(spoken.data, "wav")


def set_policy(acme: Organisation, value: str) -> None:
    Organisation.objects.filter(id=acme.id).update(policy={"mark_failed": value})


@pytest.mark.usefixtures("profile", "clock_at_noon")
class TestTheBuiltInEngine:
    @pytest.mark.parametrize("text", LINES)
    def test_speaks_short_lines_at_once(self, client: Http, voice: Voice, text: str) -> None:
        answer = say(client, voice, text=text)

        assert answer.status_code == 200
        shown = client.get(f"/v1/clips/{answer['Sayso-Clip']}").json()
        assert shown["padded_ms"] == int(answer["Sayso-Padded-Ms"])
        assert shown["watermark"] == "too_short" or shown["watermark"]["token"]
        assert shown["c2pa"]["mode"] == "embedded"


class TestALineOfASecond:
    """A1: it was refused as too short, `Hello world` among the first."""

    def test_carries_its_mark(self, voice: Voice) -> None:
        clip, heard = speak(voice, cut(1.0, 1.0))

        verdict = verify(encode_sound(heard, Output(codec="mp3", bit_rate_bps=64_000)))
        assert verdict.clip is not None
        assert (verdict.clip.id, clip.mark_reason) == (clip.id, "")
        assert {row.layer: row.result for row in verdict.evidence}["watermark"] == "match"
        assert heard.seconds == pytest.approx(1.0 + clip.padded_ms / 1000, abs=0.001)

    def test_is_not_lengthened_where_the_caller_forbids_it(self, voice: Voice) -> None:
        clip, heard = speak(voice, cut(1.0, 1.0), padding=False)
        assert clip.padded_ms == 0
        assert heard.seconds == pytest.approx(1.0, abs=0.001)

    def test_spends_of_the_quota_what_was_spoken(self, voice: Voice) -> None:
        """The tone is in the clip's length and not in the quota."""
        line = cut(1.0, 1.0)
        clip, heard = speak(voice, line)
        assert clip.duration_ms == round(1000 * heard.seconds)
        assert GrantUsage.objects.get().used_milliseconds == 1_000
        assert clip.duration_ms - clip.padded_ms == 1_000


class TestALineThatCannotCarryAMark:
    TINY = 0.15

    def test_leaves_with_everything_else(self, voice: Voice, client: Http) -> None:
        clip, _ = speak(voice, cut(1.0, self.TINY))

        shown = client.get(f"/v1/clips/{clip.id}").json()
        assert (clip.state, clip.scheme, clip.mark_reason) == ("issued", "", "too_short")
        assert shown["watermark"] == "too_short"
        assert (shown["sha256"], shown["c2pa"]["manifest_id"]) == (clip.sha256, clip.manifest_id)
        assert clip.manifest_id
        assert clip.event_id
        assert clip_fingerprints.make_pending_fingerprints(now=noon) == 1

    def test_says_so_when_it_is_verified(self, voice: Voice) -> None:
        spoken = pipeline.synthesize_clip(
            order_for(voice, text="Yes."),
            voice,
            principal=principal_of(voice),
            now=noon,
            providers=only(Reader(sound=cut(1.0, self.TINY))),
        )
        verdict = verify(spoken.data)
        assert verdict.outcome == "issued"
        assert {row.layer: row.result for row in verdict.evidence}["watermark"] == "too_short"

    def test_is_done_in_a_batch(self, client: Http, voice: Voice, clock_at_noon: None) -> None:
        body = {"voice": voice.id, "language": "en", "use_case": "entertainment.audiobook"}
        made = client.post(
            "/v1/speech/batch",
            body | {"items": [{"text": LINES[1]}]},
            format="json",
        ).json()
        tiny = Reader(sound=cut(1.0, self.TINY))
        job_queue.run_job_items(made["id"], wall_clock=noon, providers=only(tiny))

        done = client.get(f"/v1/jobs/{made['id']}").json()
        assert (done["progress"]["total"], done["progress"]["done"]) == (1, 1)
        assert set(Clip.objects.values_list("mark_reason", flat=True)) == {"too_short"}

    def test_is_refused_where_the_policy_says_so(
        self, voice: Voice, client: Http, acme: Organisation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_policy(acme, "refuse")
        tiny = Reader(sound=cut(1.0, self.TINY))
        monkeypatch.setattr(registry, "_BUILT_IN", {"local": lambda: tiny})

        answer = say(client, voice, text="Yes.")

        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "text_too_short")
        assert problem["least_ms"] == 1_000
        assert [fault["attr"] for fault in problem["errors"]] == ["text"]
        assert Clip.objects.get().state == "aborted"


class TestManyLinesJoined:
    """It is no way around the mark: the whole hundred is `bench/short_lines.py`."""

    @pytest.mark.parametrize("start", [0.0, 0.2])
    def test_are_called_ours(self, voice: Voice, start: float) -> None:
        sounds = [cut(start + 0.25 * number, 0.4) for number in range(20)]
        lines = [speak(voice, one, padding=False) for one in sounds]
        assert any(clip.mark_reason == "too_short" for clip, _ in lines)
        clip_fingerprints.make_pending_fingerprints(now=noon)

        whole = Sound(np.concatenate([heard.samples for _, heard in lines]), RATE)
        verdict = verify(encode_sound(whole, Output(codec="mp3", bit_rate_bps=64_000)))

        assert verdict.outcome == "issued_altered"
        assert verdict.clip is not None
        assert {row.layer: row.key for row in verdict.evidence}["fingerprint"] == (
            "fingerprint.match.lines"
        )

    def test_of_nobody_we_know_are_not(self, voice: Voice) -> None:
        for number in range(5):
            speak(voice, cut(0.5 + number, 0.4), padding=False)
        clip_fingerprints.make_pending_fingerprints(now=noon)

        assert verify(encode_sound(reading("0890"), Output(codec="wav"))).outcome == "not_found"
