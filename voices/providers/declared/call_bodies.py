"""The bodies of an engine's calls: each field as its declaration says."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from audio.encoding import RATES, Output, encode_sound
from core.canonical_json import Json
from core.errors import Fault
from upstream.upstream_request import FilePart, JsonBody, MultipartBody
from voices.providers.base import Clone, ReferenceRecording, SpeechLine, UnsupportedField
from voices.providers.declared.declarations import (
    VOICE,
    EngineDeclaration,
    Fields,
    Part,
    Path,
    RecordingLimits,
    SpeechCall,
    VoiceUpload,
)
from voices.providers.declared.inline_references import StoredReference

WAV: Final = "audio/wav"


def fill_path(path: Path, name: str) -> Path:
    """Return the path with the voice's name in its place."""
    return tuple(name if segment == VOICE else segment for segment in path)


def choose_language_word(declaration: EngineDeclaration, tag: str) -> str:
    """Return the engine's word for a language. Raises UnsupportedField for one that it lacks."""
    primary = tag.partition("-")[0]
    word = declaration.languages.get(tag) or declaration.languages.get(primary)
    if word or not declaration.languages:
        return word or primary
    if declaration.other_language:
        return declaration.other_language

    known = ", ".join(sorted(declaration.languages))
    raise refuse_field("language", f"This engine speaks these languages: {known}.")


def build_speech_body(
    declaration: EngineDeclaration,
    call: SpeechCall,
    line: SpeechLine,
    *,
    voice: str,
    reference: StoredReference | None,
    model: str,
) -> JsonBody | MultipartBody:
    """Return the body that asks for one text. Raises UnsupportedField."""
    check_line(declaration, call, line)
    known: dict[Part, Json] = {
        Part.TEXT: line.text,
        Part.VOICE: declaration.voice_prefix + voice,
        Part.LANGUAGE_TAG: line.language,
        Part.SPEED: line.prosody.speed,
        Part.MODEL: model or None,
    }
    if Part.LANGUAGE in call.fields.values():
        known[Part.LANGUAGE] = choose_language_word(declaration, line.language)
    if reference is not None:
        known[Part.TRANSCRIPT] = reference.transcript
        known[Part.RECORDING] = base64.b64encode(reference.wav).decode("ascii")

    values = {**call.constants, **_choose_fields(call.fields, known)}
    if call.body == "json":
        return JsonBody(values)

    files: tuple[FilePart, ...] = ()
    if call.file_field and reference:
        files = (_name_file(call.file_field, "voice", reference.wav),)
    return MultipartBody(fields=_list_fields(values), files=files)


def build_upload_body(
    declaration: EngineDeclaration, upload: VoiceUpload, order: Clone, wav: bytes
) -> MultipartBody:
    """Return the form that adds a voice. Its file is named by our own id."""
    known: dict[Part, Json] = {
        Part.REFERENCE: order.reference,
        Part.CONSENT: order.consent_id,
        Part.CONSENT_GIVEN: "true",
        Part.LANGUAGE: choose_language_word(declaration, order.language),
        Part.LANGUAGE_TAG: order.language,
        Part.TRANSCRIPT: order.recordings[0].transcript,
    }
    values = {**upload.constants, **_choose_fields(upload.fields, known)}
    file = _name_file(upload.file_field, order.reference, wav)
    return MultipartBody(fields=_list_fields(values), files=(file,))


def write_recording(recording: ReferenceRecording, limits: RecordingLimits) -> bytes:
    """Return the recording as a WAV of 16 bits. What its file said beside the sound stays here.

    Raises UnsupportedField for one that the engine does not take.
    """
    seconds = recording.sound.seconds
    if not limits.least_seconds <= seconds <= limits.most_seconds:
        raise refuse_field(
            "samples.0",
            f"This engine takes recordings of {limits.least_seconds:g} to "
            f"{limits.most_seconds:g} seconds.",
        )

    rate = recording.sound.rate
    output = Output(codec="wav", sample_rate_hz=rate if rate in RATES else RATES[-1])
    wav = encode_sound(recording.sound, output)
    if len(wav) > limits.most_bytes:
        detail = f"This engine takes recordings of at most {limits.most_bytes // 2**20} MiB as WAV."
        raise refuse_field("samples.0", detail)

    return wav


def check_line(declaration: EngineDeclaration, call: SpeechCall, line: SpeechLine) -> None:
    """Check what a call cannot carry. Raises UnsupportedField."""
    if not call.has_speed and line.prosody.speed != 1.0:
        raise refuse_field("prosody.speed", "This engine streams at its usual speed alone.")
    if declaration.forbidden and declaration.forbidden.search(line.text):
        raise refuse_field("text", "The text holds marks by which this engine changes the voice.")


def refuse_field(attr: str, detail: str) -> UnsupportedField:
    """Return the error about one field."""
    fault = Fault(code=UnsupportedField.code, detail=detail, attr=attr)
    return UnsupportedField(detail, faults=(fault,))


def _choose_fields(fields: Fields, known: Mapping[Part, Json]) -> dict[str, Json]:
    """Return the fields whose parts are known. What the call did not say is left out."""
    return {name: value for name, part in fields.items() if (value := known[part]) is not None}


def _name_file(form_field: str, name: str, wav: bytes) -> FilePart:
    return FilePart(form_field=form_field, name=f"{name}.wav", media_type=WAV, data=wav)


def _list_fields(values: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    return tuple((name, _write_value(value)) for name, value in values.items())


def _write_value(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"

    return str(value)
