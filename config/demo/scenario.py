"""The story itself: consent signed, voice cloned, calls gated, clip marked, verified, revoked,
erased, audited.
"""

from __future__ import annotations

from config.demo.consent_steps import ConsentSteps
from config.demo.ending_steps import EndingSteps
from config.demo.voice_steps import VoiceSteps


class Story(ConsentSteps, VoiceSteps, EndingSteps):
    """Everything between an empty service and a verified audit bundle; raises DemoFailed at the
    first surprise.
    """
