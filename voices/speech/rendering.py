"""Rendering of a clip: watermark, encoding, hidden label and manifest around a provider's audio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from audio import decoding, encoding
from audio.sound import Sound
from core import canonical_json, ids
from provenance.c2pa import manifest_signer
from provenance.clips import aigc_label, verified_marking, watermark_keys
from provenance.clips.clip_fields import ClipDelivery
from provenance.clips.errors import MarkFailed
from provenance.clips.verified_marking import Marked
from voices.providers.provider_audio import ProviderAudio
from voices.speech import line_padding, manifests
from voices.speech.manifests import ManifestResult
from voices.speech.preparation import PreparedSpeech


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedClip:
    """A clip ready to leave.

    `delivery` describes `data` and its watermark. `mark_failure` says why there is none, and is
    empty when there is one. `manifest` holds the Content Credentials, or why there are none.
    """

    data: bytes = field(repr=False)
    delivery: ClipDelivery
    manifest: ManifestResult
    mark_failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _MarkedAudio:
    """Encoded bytes, the sound that they decode to, and the watermark in them, if any."""

    data: bytes
    sound: Sound
    mark: Marked | None
    failure: str = ""


def render_clip(
    prepared: PreparedSpeech, provider_audio: ProviderAudio, *, at: datetime
) -> RenderedClip:
    """Mark and encode the provider's sound, read the watermark back, label and sign the bytes.

    No transaction may be open: this takes as long as the clip. Raises MarkFailed, TextTooShort,
    LabelFailed and CredentialFailed, unless the organisation lets such clips leave.
    """
    marked = _mark_sound(prepared, provider_audio.sound)
    data = _add_aigc_label(prepared, marked)

    # The manifest comes last: it binds the hash of everything before it.
    manifest = manifests.attach_manifest(
        data,
        prepared.request.output.codec,
        clip_id=prepared.reservation.clip_id,
        marked=marked.mark is not None,
        permit=prepared.permit,
        at=at,
        parent=provider_audio.parent,
    )
    return RenderedClip(
        data=manifest.data,
        delivery=describe_delivery(
            manifest.data,
            marked.sound,
            codec=prepared.request.output.codec,
            provider_hash=canonical_json.sha256_hex(provider_audio.sound.pcm16()),
            mark=marked.mark.columns() if marked.mark else {"mark_reason": marked.failure},
        ),
        manifest=manifest,
        mark_failure=marked.failure,
    )


def render_sent_stream(
    prepared: PreparedSpeech,
    sent: bytes,
    delivery: ClipDelivery,
    *,
    mark_failure: str,
    at: datetime,
) -> RenderedClip:
    """Return the clip of a stream whose bytes have all left, with its manifest beside them.

    `delivery` describes `sent`. Raises CredentialFailed, unless the organisation lets clips leave
    without a manifest.
    """
    manifest = manifests.attach_manifest(
        sent,
        delivery.codec,
        clip_id=prepared.reservation.clip_id,
        marked=bool(delivery.scheme),
        permit=prepared.permit,
        at=at,
        mode=manifest_signer.SIDECAR,
    )
    return RenderedClip(data=sent, delivery=delivery, manifest=manifest, mark_failure=mark_failure)


def describe_delivery(
    data: bytes, sound: Sound | None, *, codec: str, provider_hash: str, mark: Mapping[str, Any]
) -> ClipDelivery:
    """Return what a clip's row keeps of its bytes and of the sound that they decode to.

    `sound` is None for a beginning too short to decode. `provider_hash` is that of the provider's
    own sound, and `mark` holds the columns of the watermark, none when there is none.
    """
    return ClipDelivery(
        sha256_provider=provider_hash,
        sha256=canonical_json.sha256_hex(data),
        sha256_pcm=canonical_json.sha256_hex(sound.pcm16()) if sound else "",
        codec=codec,
        media_type=encoding.get_media_type(codec),
        size=len(data),
        duration_ms=round(1000 * sound.seconds) if sound else 0,
        **mark,
    )


def _mark_sound(prepared: PreparedSpeech, sound: Sound) -> _MarkedAudio:
    reservation = prepared.reservation
    audiowmark = watermark_keys.build_audiowmark_layer(
        reservation.clip_id, reservation.keys, policy=prepared.permit.policy
    )

    try:
        marked = verified_marking.mark_sound(
            sound,
            token=reservation.token,
            key=reservation.key,
            output=prepared.request.output,
            identity=int.from_bytes(ids.to_bytes(reservation.clip_id), "big"),
            audiowmark=audiowmark,
            lengthen=line_padding.choose_lengthening(prepared.request, prepared.voice),
        )
    except MarkFailed as failure:
        reason = prepared.allow_unmarked(failure)
        return _encode_unmarked(prepared, sound, reason=reason)

    return _MarkedAudio(data=marked.data, sound=marked.sound, mark=marked)


def _encode_unmarked(prepared: PreparedSpeech, sound: Sound, *, reason: str) -> _MarkedAudio:
    output = encoding.check_output(prepared.request.output)
    data = encoding.encode_sound(sound, output)
    rate = output.sample_rate_hz or sound.rate
    decoded = decoding.decode_trusted(data, output.codec, rate=rate)
    return _MarkedAudio(data=data, sound=decoded, mark=None, failure=reason)


def _add_aigc_label(prepared: PreparedSpeech, marked: _MarkedAudio) -> bytes:
    if prepared.aigc_label is None:
        return marked.data

    codec = prepared.request.output.codec
    return aigc_label.add_label(marked.data, codec, prepared.aigc_label, heard=marked.sound)
