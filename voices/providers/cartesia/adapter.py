"""The adapter of Cartesia's clones and speech (API of 2026).

A clone is made from one clip and is ready at once. Speech comes as bare PCM, as it is made. The
header `cartesia-version` decides how the provider reads a call, so a caller's own is passed on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from audio.sound import Sound
from core import ids
from core.errors import Fault
from upstream.upstream_errors import ProviderRefused
from upstream.upstream_request import FilePart, JsonBody, MultipartBody
from voices.providers.adapter_kinds import AdapterKind, ConnectedAccount
from voices.providers.answer_reading import parse_answer, require_objects, require_text
from voices.providers.base import (
    Capabilities,
    Clone,
    Pieces,
    ProviderVoice,
    RemoteVoice,
    SpeechLine,
    TrainingProgress,
    TrainingState,
    UnsupportedField,
)
from voices.providers.held_stream import cut_held_stream
from voices.providers.list_pages import ListPages
from voices.providers.option_names import VERSION_OPTION
from voices.providers.option_rules import OptionRule
from voices.providers.pcm_answers import guard_answer, read_pcm_answer
from voices.providers.provider_connection import ProviderConnection

RATE: Final = 44_100
MODEL: Final = "sonic-3"
VERSION: Final = "2026-08-14"
MOST_CHARACTERS: Final = 5_000
_VERSION_HEADER: Final = "cartesia-version"
_PAGE: Final = "100"
_GONE: Final = frozenset({404})
_CONFIG: Final = ("volume", "emotion")
_BODY: Final = ("normalization",)
OPTIONS: Final[Mapping[str, OptionRule]] = {
    "model_id": OptionRule(kind="text", most=100),
    "volume": OptionRule(kind="number", least=0.5, most=2),
    "emotion": OptionRule(kind="text", most=100),
    "normalization": OptionRule(kind="text", most=40),
    VERSION_OPTION: OptionRule(kind="text", most=10),
}


class Cartesia:
    """Speaks to Cartesia for one account."""

    def __init__(self, account: ConnectedAccount) -> None:
        self._connection = ProviderConnection(
            account=account,
            headers={
                "Authorization": f"Bearer {account.credentials['api_key']}",
                _VERSION_HEADER: VERSION,
            },
        )

    def capabilities(self) -> Capabilities:
        """Return what the documents say. Which languages there are depends on the model."""
        return Capabilities(
            languages=None,
            speed=(0.6, 1.5),
            pitch_semitones=(0.0, 0.0),
            options=OPTIONS,
            most_characters=MOST_CHARACTERS,
        )

    def clone(self, order: Clone) -> ProviderVoice:
        """Create a voice from the one recording.

        Raises UnsupportedField for several, of which this provider takes one.
        """
        if len(order.recordings) != 1:
            detail = "This provider makes a voice of one recording."
            fault = Fault(code=UnsupportedField.code, detail=detail, attr="samples")
            raise UnsupportedField(detail, faults=(fault,))

        clip = FilePart(
            form_field="clip",
            name="recording",
            media_type="application/octet-stream",
            data=order.recordings[0].data,
        )
        body = MultipartBody(
            fields=(
                ("name", order.reference),
                ("language", order.language.partition("-")[0]),
                ("description", order.reference),
            ),
            files=(clip,),
        )
        answer = self._connection.call(
            "POST", "voices", "clone", body=body, headers=_choose_version(order.options)
        )
        return ProviderVoice(remote_id=require_text(parse_answer(answer.body), "id"))

    def speak(self, voice: ProviderVoice, line: SpeechLine) -> Sound:
        """Speak one text."""
        answer = self._connection.call(
            "POST", "tts", "bytes",
            body=JsonBody(_build_body(voice, line)), headers=_choose_version(line.options),
        )  # fmt: skip
        return read_pcm_answer(answer.body, answer.headers, rate=RATE)

    def stream(self, voice: ProviderVoice, line: SpeechLine) -> Pieces:
        """Speak one text piece by piece."""
        held = self._connection.open_stream(
            "POST", "tts", "bytes",
            body=JsonBody(_build_body(voice, line)), headers=_choose_version(line.options),
        )  # fmt: skip
        return cut_held_stream(held, guard_answer, rate=RATE, text_length=len(line.text))

    def delete(self, voice: ProviderVoice) -> None:
        """Delete the voice. A voice that does not exist counts as deleted."""
        if voice.remote_id is not None:
            self._connection.call("DELETE", "voices", voice.remote_id, taken=_GONE)

    def get_progress(self, voice: ProviderVoice) -> TrainingProgress:
        """Return `ready`, or `missing` for a voice that does not exist."""
        answer = self._connection.call("GET", "voices", _require_id(voice), taken=_GONE)
        gone = answer.status in _GONE
        return TrainingProgress(state=TrainingState.MISSING if gone else TrainingState.READY)

    def list_voices(self) -> Iterator[RemoteVoice]:
        """Yield the account's own voices. Raises ProviderUnavailable for a list without end."""
        last, pages = "", ListPages()
        while True:
            query = {"limit": _PAGE, "is_owner": "true"} | (
                {"starting_after": last} if last else {}
            )
            page = parse_answer(self._connection.call("GET", "voices", query=query).body)
            rows = require_objects(page, "data")
            for row in rows:
                yield RemoteVoice(remote_id=require_text(row, "id"), reference=_find_name(row))

            if not rows or page.get("has_more") is False:
                return
            last = require_text(rows[-1], "id")
            pages.note(last)


CARTESIA: Final = AdapterKind(name="cartesia", connect=Cartesia, base_url="https://api.cartesia.ai")


def _build_body(voice: ProviderVoice, line: SpeechLine) -> dict[str, Any]:
    config = {name: line.options[name] for name in _CONFIG if name in line.options}
    if line.prosody.speed != 1.0:
        config["speed"] = line.prosody.speed

    body: dict[str, Any] = {
        "model_id": line.options.get("model_id") or MODEL,
        "transcript": line.text,
        # With its mode, older versions of the API understand it too.
        "voice": {"mode": "id", "id": _require_id(voice)},
        "language": line.language.partition("-")[0],
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE},
    }
    if config:
        body["generation_config"] = config
    return body | {name: line.options[name] for name in _BODY if name in line.options}


def _choose_version(options: Mapping[str, Any]) -> dict[str, str]:
    return {_VERSION_HEADER: str(options.get(VERSION_OPTION) or VERSION)}


def _require_id(voice: ProviderVoice) -> str:
    if voice.remote_id is None:
        raise ProviderRefused("This voice has no id at the provider.")

    return voice.remote_id


def _find_name(row: Mapping[str, Any]) -> str | None:
    name = str(row.get("name") or "")
    return name if ids.is_id(name, "vox") else None
