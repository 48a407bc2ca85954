"""The case of the speech bench: an organisation, a signed consent, and a cloned voice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.core.management import call_command

from accounts.principal import Principal
from accounts.provisioning import create_organisation
from audio.decoding import decode_trusted
from audio.encoding import Output
from bench.profiling import Named
from consent import gate
from consent import services as consents
from core import clock
from provenance.clips import clip_reservation, verified_marking
from voices import voice_library
from voices.models import Voice
from voices.providers.local.adapter import Local
from voices.speech import dispatch, pipeline
from voices.synthesis_requests import CloneRequest, SpeechRequest

AUDIO: Final = Path(__file__).parent.parent / "tests" / "data" / "audio"
USE_CASE: Final = "entertainment.audiobook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A ready voice and its principal."""

    voice: Voice
    principal: Principal

    @classmethod
    def make(cls) -> Case:
        """Set everything up from an empty database."""
        call_command("migrate", verbosity=0)
        at = clock.now()
        home = create_organisation(name="Bench", at=at, reached_at="voices@bench.example")
        principal = Principal(organisation_id=home.id, livemode=False, actor="system:bench")
        speaker = consents.create_speaker(
            organisation=home,
            livemode=False,
            name="Bench",
            email="b@example.org",
            actor="system:bench",
            at=at,
        )
        grant = {
            "use_case": USE_CASE,
            "intended_uses": "Measuring how long a sentence takes, nothing else.",
            "actions": ["clone", "synthesize"], "languages": ["en"], "channels": ["*"],
            "territories": ["*"], "exclusions": [], "quota": {"characters": 1_000_000},
        }  # fmt: skip
        asked = consents.request_consent(
            organisation=home, livemode=False, speaker_id=speaker.id, grants=[grant],
            duration="P1Y", jurisdictions=["EU"], actor="system:bench", at=at,
        )  # fmt: skip
        consents.sign_as_test(
            asked.consent.id, organisation_id=home.id, actor="system:bench", at=at
        )
        samples = tuple(
            (AUDIO / f"librivox-austen-{name}.wav").read_bytes() for name in ("0870", "0880")
        )
        order = CloneRequest(
            consent_id=asked.consent.id,
            name="Bench",
            language="en",
            use_case=USE_CASE,
            samples=samples,
        )

        return cls(
            voice=voice_library.create_voice(order, principal=principal, now=clock.now),
            principal=principal,
        )

    def speak(self, text: str) -> float:
        """Speak as the request thread does, and return the seconds of audio."""
        order = SpeechRequest(
            voice_id=self.voice.id, text=text, language="en", use_case=USE_CASE,
            output=Output(codec="mp3", sample_rate_hz=24_000, bit_rate_bps=64_000),
        )  # fmt: skip
        spoken = dispatch.speak_text(order, principal=self.principal, now=clock.now)
        return decode_trusted(spoken.data, "mp3").seconds

    def stages(self) -> Named:
        """Return the functions that the pipeline calls, in their order."""
        return {
            "gate: decide, reserve, record, log": (gate, "check"),
            "intent": (clip_reservation, "reserve_clip"),
            "engine": (Local, "speak"),
            "mark, encode mp3, read the mark back": (verified_marking, "mark_sound"),
            "one transaction: vault, confirm, quota, clip, log": (pipeline, "deliver_clip"),
        }
