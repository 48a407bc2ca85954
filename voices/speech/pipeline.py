"""The one way of speech: prepare, ask the provider, render, deliver, or abort.

Calls and jobs come through `synthesize_clip`. A stream takes the same steps, spread over the time
that it runs (`voices.speech.streaming.session`).
"""

from __future__ import annotations

from accounts.principal import Principal
from core import connection_places, lease_renewal
from core.clock import Clock
from voices.models import Voice
from voices.providers import registry, sound_plausibility, voice_handles
from voices.providers.provider_audio import read_provider_audio
from voices.speech import copy_names, speaker_check
from voices.speech.clip_delivery import (
    Conclude,
    DeliveredClip,
    Settle,
    abort_speech,
    conclude_nothing,
    deliver_clip,
    settle_nothing,
)
from voices.speech.preparation import prepare_speech, share_token
from voices.speech.rendering import render_clip
from voices.synthesis_requests import Providers, SpeechRequest


def synthesize_clip(
    request: SpeechRequest,
    voice: Voice,
    *,
    principal: Principal,
    now: Clock,
    providers: Providers = registry.get_provider,
    settle: Settle = settle_nothing,
    conclude: Conclude = conclude_nothing,
) -> DeliveredClip:
    """Speak one text, or raise with nothing delivered.

    1. Ask the gate and reserve the clip, before anything leaves.
    2. Ask the provider. No transaction is open, and no connection is held.
    3. Give copies of one sound one token.
    4. Mark, encode, read the watermark back, label and sign.
    5. Confirm, spend, keep and log in one transaction.

    Raises ConsentDenied, MarkFailed, CredentialFailed, UnsupportedField, ProviderUnavailable,
    Invalid for a disclosure that is too little or cannot be spoken, and what `settle` and
    `conclude` raise. After an error the permit is given back and the clip is aborted, once. After
    WrongVoice the clip is held.
    """
    # 1.
    prepared = prepare_speech(request, voice, principal=principal, now=now)

    try:
        with lease_renewal.keep_leases(prepared.reservation.rows, now=now):
            # 2.
            handle = voice_handles.open_handle(voice)
            speaker = speaker_check.load_speaker_check(voice, prepared.line.language)
            connection_places.give_back_connection()
            made = providers(voice.provider, voice).speak(handle, prepared.line)
            provider_audio = read_provider_audio(made)
            if voice.provider != registry.LOCAL:
                sound_plausibility.check_provider_sound(
                    provider_audio.sound,
                    letters=prepared.letters,
                    speed=prepared.line.prosody.speed,
                )
            speaker.check_sound(provider_audio.sound)

            # 3.
            names = copy_names.names_of_file(prepared.line, voice, provider_audio.sound)
            prepared = share_token(prepared, names, at=now())

            # 4.
            connection_places.give_back_connection()
            rendered = render_clip(prepared, provider_audio, at=now())

            # 5.
            return deliver_clip(prepared, rendered, at=now(), settle=settle, conclude=conclude)
    except BaseException as error:
        abort_speech(prepared, error, at=now())
        raise
