"""The adapter of a provider of two steps: a form that clones, and JSON that speaks.

Its account's settings are turned into a declaration, and the adapter of declared engines does the
rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from voices.providers.adapter_kinds import AdapterKind, ConnectedAccount
from voices.providers.declared.adapter import DeclaredEngine
from voices.providers.declared.declarations import (
    EngineAnswer,
    EngineDeclaration,
    EngineListing,
    Part,
    Path,
    RecordingLimits,
    SpeechCall,
    VoiceRemoval,
    VoiceUpload,
)
from voices.providers.declared.engine_accounts import connect_engine
from voices.providers.generic.generic_settings import check_generic_settings

NAME: Final = "generic"
_UPLOAD: Final[Mapping[str, Part]] = {
    "name_field": Part.REFERENCE,
    "consent_field": Part.CONSENT,
    "language_field": Part.LANGUAGE_TAG,
    "transcript_field": Part.TRANSCRIPT,
}
_SPEECH: Final[Mapping[str, Part]] = {
    "text_field": Part.TEXT,
    "voice_field": Part.VOICE,
    "language_field": Part.LANGUAGE_TAG,
    "speed_field": Part.SPEED,
}


def connect_generic(account: ConnectedAccount) -> DeclaredEngine:
    """Return the adapter for an account, as its settings describe the provider."""
    settings = cast("Mapping[str, Any]", account.settings)
    auth, key = settings["auth"], account.credentials["api_key"]
    value = f"{auth['scheme']} {key}".strip()
    return connect_engine(_read_declaration(settings), account, headers={auth["header"]: value})


GENERIC: Final = AdapterKind(
    name=NAME, connect=connect_generic, base_url=None, check_settings=check_generic_settings
)


def _read_declaration(settings: Mapping[str, Any]) -> EngineDeclaration:
    clone, speech, listed = settings["clone"], settings["speech"], settings.get("list")
    answer = _read_answer(speech["answer"])
    call = SpeechCall(
        path=_split_path(speech["path"]),
        fields=_read_fields(speech, _SPEECH),
        constants=speech.get("fields", {}),
        answer=answer,
    )
    return EngineDeclaration(
        name=NAME,
        is_self_hosted=False,
        speech=call,
        stream=call if answer.kind in {"pcm", "sse"} else None,
        adding=VoiceUpload(
            path=_split_path(clone["path"]),
            file_field=clone["file_field"],
            fields=_read_fields(clone, _UPLOAD),
            constants=clone.get("fields", {}),
            limits=RecordingLimits(needs_transcript="transcript_field" in clone),
            id_path=tuple(clone["voice_id"].split(".")),
        ),
        listing=None if listed is None else _read_listing(listed),
        removal=VoiceRemoval(path=_split_path(settings["delete"]["path"])),
        speed=(0.5, 2.0) if "speed_field" in speech else (1.0, 1.0),
    )


def _read_answer(stored: Mapping[str, Any]) -> EngineAnswer:
    return EngineAnswer(
        kind=stored["kind"],
        path=tuple(stored["member"].split(".")) if "member" in stored else (),
        rate=stored.get("sample_rate_hz"),
        event=stored.get("event", ""),
        is_wav=False,
    )


def _read_listing(stored: Mapping[str, Any]) -> EngineListing:
    return EngineListing(
        path=_split_path(stored["path"]),
        rows=tuple(stored["rows"].split(".")) if stored["rows"] else (),
        id_name=stored["id_member"],
        reference_name=stored.get("name_member"),
    )


def _read_fields(stored: Mapping[str, Any], parts: Mapping[str, Part]) -> dict[str, Part]:
    return {stored[name]: part for name, part in parts.items() if name in stored}


def _split_path(path: str) -> Path:
    return tuple(path.removeprefix("/").split("/"))
