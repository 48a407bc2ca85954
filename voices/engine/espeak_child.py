"""The synthesiser process: espeak-ng behind a pipe.

So its licence (GPL) and its crashes stay out of the service.

In: frames of 4 bytes length (big-endian) and JSON, {"op": "say", "text", "voice", "rate", "pitch"}
or {"op": "voices"}. Out: a frame of JSON, {"bytes": n} followed by n bytes of 16-bit PCM at 22 050
Hz, {"voices": [...]} or {"error": code}.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import struct
import sys
from typing import Any, BinaryIO

import espeakng_loader

RATE = 22_050
MOST_BYTES = 2 * RATE * 300
SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: no threads, the callback gets the sound
# espeakCHARS_UTF8. Neither SSML nor phoneme input is switched on, so text is never a command.
UTF8 = 1
RATE_PARAMETER = 1
PITCH_PARAMETER = 3
ORDER_SECONDS = 20
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

    def say(self, *, text: str, voice: str, rate: int, pitch: int) -> bytes | None:
        """Return the PCM of the text, or None when there is no such voice."""
        self._sound.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            return None

        self._library.espeak_SetParameter(RATE_PARAMETER, rate, 0)
        self._library.espeak_SetParameter(PITCH_PARAMETER, pitch, 0)

        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, UTF8, None, None)
        return bytes(self._sound[:MOST_BYTES])

    def voices(self) -> list[tuple[str, str]]:
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
        sound = self.say(text="1", voice=name, rate=175, pitch=50)
        return sound is not None and len(sound) > AUDIBLE


def serve_requests(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer orders until the pipe closes."""
    synthesiser = Synthesiser()
    while len(head := source.read(4)) == 4:
        order = json.loads(source.read(struct.unpack(">I", head)[0]))

        # Each order runs in a fork of the loaded library (1 ms). The library keeps state between
        # calls (phases, flutter), and only from a new state the same order gives the same sound.
        worker = os.fork()
        if worker == 0:
            signal.alarm(ORDER_SECONDS)
            sink.write(_answer_request(synthesiser, order))
            sink.flush()
            os._exit(0)

        # Half an answer may be in the pipe, so the parent starts a new process.
        if os.waitpid(worker, 0)[1] != 0:
            raise SystemExit(1)


def _answer_request(synthesiser: Synthesiser, order: dict[str, Any]) -> bytes:
    sound = b""
    if order.pop("op") == "voices":
        answer: dict[str, Any] = {"voices": synthesiser.voices()}
    elif (pcm := synthesiser.say(**order)) is None:
        answer = {"error": "no_such_voice"}
    else:
        sound, answer = pcm, {"bytes": len(pcm)}

    text = json.dumps(answer).encode()
    return struct.pack(">I", len(text)) + text + sound


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve_requests(sys.stdin.buffer, sys.stdout.buffer)
