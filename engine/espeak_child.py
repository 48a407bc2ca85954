"""The synthesiser: a program of the sandbox that speaks one text with espeak-ng.

So its licence (GPL) and its crashes stay out of the service.

Its order is {"op": "say", "size", "voice", "rate", "pitch"} with `size` bytes of text behind it, or
{"op": "voices"}. Its answer is one line of JSON: {"bytes": n} followed by n bytes of 16-bit PCM at
22 050 Hz, {"voices": [...]} or {"error": code}.

Each order has a fork of the loaded library. The library keeps state between calls (phases,
flutter), and only from a new state the same order gives the same sound.
"""

from __future__ import annotations

import ctypes
import json
from typing import Any, BinaryIO

import espeakng_loader

RATE = 22_050
MOST_BYTES = 2 * RATE * 300
SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: no threads, the callback gets the sound
# espeakCHARS_UTF8. Neither SSML nor phoneme input is switched on, so text is never a command.
UTF8 = 1
RATE_PARAMETER = 1
PITCH_PARAMETER = 3
NORMAL_RATE = 175
NORMAL_PITCH = 50
# A text in several scripts opens the dictionaries of several languages.
READABLE: str | None = espeakng_loader.get_data_path()
AUDIBLE = 2000  # bytes, because languages without their dictionary return less for the figure one

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class _Voice(ctypes.Structure):
    """The espeak_VOICE of speak_lib.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("spare1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare2", ctypes.c_void_p),
    )


class Synthesiser:
    """The library, loaded once. It has one global state, so it takes one call at a time."""

    def __init__(self) -> None:
        self._sound = bytearray()
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        rate = self._library.espeak_Initialize(
            SYNCHRONOUS, 60, espeakng_loader.get_data_path().encode(), 0
        )
        if rate != RATE:
            raise SystemExit("espeak-ng cannot be initialised")

        # Kept, because otherwise it would be collected while the library still calls it.
        self._callback = _Callback(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._sound += ctypes.string_at(samples, 2 * count)
        return int(len(self._sound) > MOST_BYTES)  # 1 stops the synthesis

    def select_voice(self, *, voice: str, rate: int, pitch: int) -> bool:
        """Load a voice and set its rate and pitch. False when there is no such voice."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            return False

        self._library.espeak_SetParameter(RATE_PARAMETER, rate, 0)
        self._library.espeak_SetParameter(PITCH_PARAMETER, pitch, 0)
        return True

    def say(self, text: str) -> bytes:
        """Return the PCM of the text in the voice that was selected."""
        self._sound.clear()
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, UTF8, None, None)
        return bytes(self._sound[:MOST_BYTES])

    def list_voices(self) -> list[tuple[str, str]]:
        """Return language code and identifier of each audible voice (0.25 s for 141 voices)."""
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        listed = self._library.espeak_ListVoices(None)

        found = []
        at = 0
        while listed[at]:
            voice = listed[at].contents
            code = voice.languages[1:].decode("utf-8", "replace")
            found.append((code, voice.identifier.decode()))
            at += 1

        return [(code, name) for code, name in found if self._audible(name)]

    def _audible(self, name: str) -> bool:
        return (
            self.select_voice(voice=name, rate=NORMAL_RATE, pitch=NORMAL_PITCH)
            and len(self.say("1")) > AUDIBLE
        )


_loaded: list[Synthesiser] = []


def load_libraries() -> None:
    """Load espeak-ng and its data."""
    _loaded.append(Synthesiser())


def prepare_order(order: dict[str, Any]) -> dict[str, Any]:
    """Return the order with what had to be read from files: the voice, or the list of voices."""
    synthesiser = _loaded[0]
    if order["op"] == "voices":
        return {"answer": {"voices": synthesiser.list_voices()}}
    if not synthesiser.select_voice(**{name: order[name] for name in ("voice", "rate", "pitch")}):
        return {"answer": {"error": "no_such_voice"}}

    return order


def answer_order(order: dict[str, Any], source: BinaryIO, sink: BinaryIO) -> None:
    """Speak the text of one order."""
    if "answer" in order:
        sink.write(json.dumps(order["answer"]).encode() + b"\n")
        return

    pcm = _loaded[0].say(source.read(order["size"]).decode())
    sink.write(json.dumps({"bytes": len(pcm)}).encode() + b"\n" + pcm)
