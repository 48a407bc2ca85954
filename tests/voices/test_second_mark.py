"""Long clips carry the clip's id in audiowmark's scheme too: noted, logged, found by verify, and
left out by policy.
"""

from __future__ import annotations

import numpy as np
import pytest
from django.db import transaction

from accounts import organisation_policy
from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from provenance.clips import audiowmark_layer, watermark_keys
from provenance.models import Clip, MarkKey
from provenance.verification import Outcome, finding_cache, verify
from tests.conftest import NOON
from tests.voices.conftest import AUDIO, MakeVoice, Reader, noon, only, order_for, principal_of
from transparency_log import proofs
from vault import subject_keys
from voices.api.serializers.clip_serializers import ClipSerializer
from voices.models import Voice
from voices.speech import pipeline
from voices.speech.clip_delivery import DeliveredClip
from watermark.audiowmark.audiowmark_embedder import compute_difference

OURS = ["sayso-speech/1"]


def sixteen_seconds() -> Sound:
    whole = np.concatenate(
        [
            decode_untrusted(path.read_bytes()).sound.samples
            for path in sorted(AUDIO.glob("librivox-*.wav"))
        ]
    )
    return Sound(whole[: 16 * 16_000], 16_000)


def say(voice: Voice) -> DeliveredClip:
    reader = Reader(sound=sixteen_seconds())
    order = order_for(voice, output=Output(codec="wav"))
    return pipeline.synthesize_clip(
        order, voice, principal=principal_of(voice), now=noon, providers=only(reader)
    )


def with_the_second_alone(clip: Clip) -> bytes:
    """A recording that carries the second mark of a clip and not the first."""
    name = f"{clip.organisation_id}|{clip.epoch}"
    key = audiowmark_layer.to_audiowmark_key(
        watermark_keys.derive_audiowmark_key(clip.organisation_id, clip.epoch, at=NOON), name
    )
    host = sixteen_seconds()
    message = clip.second_marks[0]["bits"]
    change = compute_difference(
        host.samples.astype(np.float64)[:, None], host.rate, key=key, message=message, strength=15
    )
    return encode_sound(
        Sound((host.samples + change[:, 0]).astype(np.float32), host.rate), Output(codec="wav")
    )


class TestALongClip:
    def test_names_both_schemes_everywhere(self, make_voice: MakeVoice) -> None:
        clip = Clip.objects.get(id=say(make_voice()).clip_id)
        (noted,) = clip.second_marks
        assert (clip.scheme, noted["scheme"]) == ("sayso-speech/1", "audiowmark")
        shown = ClipSerializer(clip).data["watermark"]
        assert isinstance(shown, dict)
        assert [mark["scheme"] for mark in shown["second_marks"]] == ["audiowmark"]
        body = proofs.list_history(clip.organisation_id, clip.id)[-1].body
        assert body is not None
        assert isinstance(body["mark"], dict)
        assert body["mark"]["second_marks"] == clip.second_marks

    def test_is_found_by_the_second_mark_alone_and_its_own_key_while_there_is_one(
        self, make_voice: MakeVoice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One clip for all of it: to make one takes two seconds."""
        clip = Clip.objects.get(id=say(make_voice()).clip_id)
        data = with_the_second_alone(clip)

        verdict = verify(data)
        assert verdict.outcome is Outcome.ALTERED
        assert verdict.clip is not None
        assert verdict.clip.id == clip.id

        renamed = {
            name.replace(clip.organisation_id, "org_somebodyelse"): key
            for name, key in watermark_keys.list_audiowmark_keys().items()
        }
        with monkeypatch.context() as claimed:
            claimed.setattr(watermark_keys, "list_audiowmark_keys", lambda **_search: renamed)
            finding_cache.FINDINGS.clear()
            assert verify(data).outcome is Outcome.NOT_FOUND
        finding_cache.FINDINGS.clear()
        assert verify(data).outcome is Outcome.ALTERED

        with transaction.atomic():
            subject_keys.destroy_key(
                subject_keys.get_organisation_subject(clip.organisation_id, at=NOON), at=NOON
            )
        assert verify(data).outcome is Outcome.NOT_FOUND

    def test_carries_ours_alone_where_the_policy_says_so(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        organisation_policy.change_policy(
            voice.organisation_id, {"watermark_schemes": OURS}, actor="member:x", at=NOON
        )
        clip = Clip.objects.get(id=say(voice).clip_id)
        assert (clip.scheme, clip.second_marks) == ("sayso-speech/1", [])
        assert not MarkKey.objects.filter(second=True).exists()
        assert watermark_keys.list_audiowmark_keys() == {}


class TestKeys:
    def test_of_the_two_marks_have_nothing_in_common(self, make_voice: MakeVoice) -> None:
        clip = Clip.objects.get(id=say(make_voice()).clip_id)
        first, second = watermark_keys.list_watermark_keys(), watermark_keys.list_audiowmark_keys()
        assert list(first) == list(second) == [f"{clip.organisation_id}|{clip.epoch}"]
        assert set(first.values()).isdisjoint(second.values())
        assert second == {
            f"{clip.organisation_id}|{clip.epoch}": watermark_keys.derive_audiowmark_key(
                clip.organisation_id, clip.epoch, at=NOON
            )
        }
