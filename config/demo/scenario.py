"""All steps of the demo: a consent, a voice, clips, their verification, and the end of all."""

from __future__ import annotations

from config.demo.consent_steps import ConsentSteps
from config.demo.ending_steps import EndingSteps
from config.demo.sdk_steps import SdkSteps
from config.demo.voice_steps import VoiceSteps


class Story(ConsentSteps, VoiceSteps, SdkSteps, EndingSteps):
    """The steps from an empty service to a verified audit bundle.

    Each raises DemoFailed at the first unexpected outcome.
    """
