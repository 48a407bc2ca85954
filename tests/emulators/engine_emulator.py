"""The base of emulated engines: strict forms, voices by name, and WAVs of real readers."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import soundfile
from aiohttp import web

from tests.emulators.emulator import Emulator, speak_pcm, wrap_wav
from tests.emulators.inworld import find_fault

RATE: Final = 24_000
KEY: Final = "engine-key"
PIECES: Final = 6


@dataclass
class Form:
    """A form with files, as it came in."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)


class EngineEmulator(Emulator):
    """An engine of an operator's own. It wants no key, unless `key` is one."""

    def __init__(self, key: str = "") -> None:
        self.key = key
        super().__init__()

    def authorised(self, request: web.Request) -> bool:
        """Whether the key is sent, where one is wanted."""
        return not self.key or request.headers.get("Authorization") == f"Bearer {self.key}"

    def refuse(self, status: int, message: str) -> web.Response:
        """An error as FastAPI writes it."""
        return web.json_response({"detail": message}, status=status)

    def wav_of(self, text: str, rate: int = RATE) -> bytes:
        """A whole WAV of the text."""
        return wrap_wav(speak_pcm(text, rate), rate)

    def answer_wav(self, text: str) -> web.Response:
        """The whole text as a file."""
        return web.Response(body=self.wav_of(text), content_type="audio/wav")

    async def send_pieces(
        self, request: web.Request, data: bytes, media_type: str | None
    ) -> web.StreamResponse:
        """Send the bytes in pieces, and break the connection where a fault says so."""
        headers = {"Content-Type": media_type} if media_type else {}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        step, fault = len(data) // PIECES + 1, self.faults.get("stream")
        for number, begin in enumerate(range(0, len(data), step)):
            if fault is not None and fault.cut_after == number:
                assert request.transport is not None
                request.transport.abort()
                return response
            await response.write(data[begin : begin + step])
        await response.write_eof()
        return response


async def read_json(
    request: web.Request, known: Mapping[str, Any], needed: set[str]
) -> tuple[dict[str, Any], str]:
    """The body and what is wrong with it: no JSON, an unknown field, a missing one, a type."""
    if request.content_type != "application/json":
        return {}, "not JSON"
    form = json.loads(await request.read())
    return form, find_fault(form, known, needed)


async def read_form(
    request: web.Request, fields: set[str], files: set[str], needed: set[str]
) -> tuple[Form, str]:
    """A form with files, and what is wrong with it. Every file must be a WAV that can be read."""
    if request.content_type != "multipart/form-data":
        return Form(), "not a form"
    form = parse_form(request.headers["Content-Type"], await request.read())
    if unknown := (set(form.fields) - fields) | (set(form.files) - files):
        return form, f"unknown field {min(unknown)}"
    if missing := needed - set(form.fields) - set(form.files):
        return form, f"missing {min(missing)}"
    for _, data in form.files.values():
        soundfile.info(io.BytesIO(data))
    return form, ""


def parse_form(content_type: str, body: bytes) -> Form:
    """The fields and files of a multipart body."""
    boundary = content_type.partition("boundary=")[2].strip('"').encode()
    form = Form()
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        told = {
            name.strip(): value.strip('"')
            for name, _, value in (one.partition("=") for one in head.decode().split(";"))
            if value
        }
        name = told["name"].partition('"')[0]
        if "filename" in told:
            form.files[name] = (told["filename"].partition('"')[0], data.removesuffix(b"\r\n"))
        else:
            form.fields[name] = data.removesuffix(b"\r\n").decode()
    return form


def write_event(kind: str, value: Mapping[str, Any]) -> bytes:
    """A server-sent event."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **value})}\n\n".encode()


def to_float32(pcm: bytes) -> bytes:
    """The same samples in 32 bits."""
    return (np.frombuffer(pcm, dtype="<i2").astype("<f4") / 32768).tobytes()


def to_base64(data: bytes) -> str:
    """Bytes as JSON carries them."""
    return base64.b64encode(data).decode()
