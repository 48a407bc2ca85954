"""The routes of ElevenLabs' SDK: those that are gated, and why the others are refused."""

from __future__ import annotations

from typing import Final

from proxies.route_rules import RefusedFamily, RouteRules

_AGENTS: Final = (
    "An agent speaks texts that no one has judged, over connections that end elsewhere."
)
_DUBBING: Final = "Dubbing clones every speaker of a recording, and none of them is asked."
_TOKENS: Final = "This hands out a key with which the provider is called past the gate."
_KEPT: Final = "This reads or changes what the provider keeps, which no consent here covers."
_OTHER_SPEECH: Final = "This speaks texts in several voices or projects, past the gate's decision."
_NO_SPEECH: Final = "This makes or reads sound that is no speech of a consented voice."
_VOICE_CHANGER: Final = "A voice changer puts a voice on a recording that no one has judged."
_ACCOUNT: Final = "This is about the provider's account, which is not the caller's."

RULES: Final = RouteRules(
    provider="elevenlabs",
    gated=frozenset(
        {
            ("GET", "v1/voices"),
            ("GET", "v2/voices"),
            ("POST", "v1/voices/add"),
            ("GET", "v1/voices/*"),
            ("DELETE", "v1/voices/*"),
            ("POST", "v1/voices/*/edit"),
            ("POST", "v1/text-to-speech/*"),
            ("POST", "v1/text-to-speech/*/stream"),
            ("POST", "v1/text-to-speech/*/with-timestamps"),
            ("POST", "v1/text-to-speech/*/stream/with-timestamps"),
        }
    ),
    refused=(
        RefusedFamily("v1/text-to-speech/*/stream-input", "A WebSocket, which is not gated yet."),
        RefusedFamily(
            "v1/text-to-speech/*/multi-stream-input", "A WebSocket, which is not gated yet."
        ),
        RefusedFamily("v1/convai/conversation/get-signed-url", _TOKENS),
        RefusedFamily("v1/convai/conversation/token", _TOKENS),
        RefusedFamily("v1/convai/realtime/client_secrets", _TOKENS),
        RefusedFamily("v1/convai", _AGENTS),
        RefusedFamily("v1/speech-engine", _AGENTS),
        RefusedFamily("v1/dubbing", _DUBBING),
        RefusedFamily("v1/productions", _DUBBING),
        RefusedFamily("v1/single-use-token", _TOKENS),
        RefusedFamily("v1/service-accounts", _TOKENS),
        RefusedFamily("v1/workspaces/api-keys", _TOKENS),
        RefusedFamily("v1/workspace/resources", "Sharing a voice is another use than was signed."),
        RefusedFamily("v1/workspace", _ACCOUNT),
        RefusedFamily("v1/user", _ACCOUNT),
        RefusedFamily("v1/usage", _ACCOUNT),
        RefusedFamily(
            "v1/models", "The list is about the provider's account. Name a model in the call."
        ),
        RefusedFamily("v1/voice-changer", _VOICE_CHANGER),
        # The same by its older name, which the SDK in JavaScript uses.
        RefusedFamily("v1/speech-to-speech", _VOICE_CHANGER),
        RefusedFamily(
            "v1/text-to-voice", "A designed or remixed voice is no one's clone, or another's."
        ),
        RefusedFamily("v1/text-to-dialogue", _OTHER_SPEECH),
        RefusedFamily("v1/studio", _OTHER_SPEECH),
        RefusedFamily("v1/flows", _OTHER_SPEECH),
        RefusedFamily("v1/audio-native", _OTHER_SPEECH),
        RefusedFamily("v1/history", _KEPT),
        RefusedFamily("v1/assets", _KEPT),
        RefusedFamily(
            "v1/pronunciation-dictionaries",
            "A dictionary changes what is said after it was judged.",
        ),
        RefusedFamily("v1/shared-voices", "Voices of strangers have no consent here."),
        RefusedFamily("v1/similar-voices", "This looks for a person by a recording."),
        RefusedFamily(
            "v1/voices/pvc", "A professional clone is trained past the checks of its samples."
        ),
        RefusedFamily("v1/voices/add/*", "Voices of strangers have no consent here."),
        RefusedFamily("v1/voices/collections", _KEPT),
        RefusedFamily("v1/voices/accents", _KEPT),
        RefusedFamily("v1/voices/settings", _KEPT),
        RefusedFamily(
            "v1/voices/*/replicate-to-isolated-environment",
            "A copy of a voice elsewhere is out of reach of a revocation.",
        ),
        RefusedFamily("v1/voices/*/samples", "The recordings of a speaker are not handed out."),
        RefusedFamily("v1/voices/*/settings", "Send the settings with each call."),
        RefusedFamily("v1/music", _NO_SPEECH),
        RefusedFamily("v1/sound-generation", _NO_SPEECH),
        RefusedFamily("v1/audio-effects", _NO_SPEECH),
        RefusedFamily("v1/audio-isolation", _NO_SPEECH),
        RefusedFamily("v1/forced-alignment", _NO_SPEECH),
        RefusedFamily("v1/speech-to-text", _NO_SPEECH),
    ),
)
