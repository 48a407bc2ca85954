"""Uploads made wrong on purpose, to clone from and to verify: each has its answer, and nothing of
them is kept.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.contract.conftest import Answer, Sender, World, problem, rows
from tests.support import audio_files
from tests.support.api_operations import bodies, document
from tests.voices.conftest import AUDIO

pytestmark = [pytest.mark.django_db, pytest.mark.once]

# What takes long to make is made when a test wants it: every run imports this file.
UPLOADS: dict[str, bytes | Callable[[], bytes]] = {
    "empty": b"",
    "one byte": b"\0",
    "random": np.random.default_rng(3).bytes(100_000),
    "zeros": bytes(100_000),
    "words": b"these are only words",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a zip": b"PK\x03\x04" + bytes(100),
    "truncated": lambda: audio_files.encoded("mp3")[:5_000],
    "truncated flac": lambda: audio_files.encoded("flac")[:20_000],
    "header only": lambda: audio_files.encoded("wav")[:44],
    "half a header": lambda: audio_files.encoded("wav")[:20],
    "no samples": audio_files.wav(b""),
    "65,535 channels": audio_files.wav(bytes(65_535 * 2), channels=65_535),
    "no channel": audio_files.wav(bytes(100), channels=0),
    "rate 0": audio_files.wav(bytes(100), rate=0),
    "rate 4 GHz": audio_files.wav(bytes(100), rate=4_000_000_000),
    "NaN samples": audio_files.wav(np.full(8_000, np.nan, "<f4").tobytes(), bits=32, kind=3),
    "ten hours of FLAC silence": lambda: audio_files.silent_flac(36_000),
    "ten hours that claim a second": lambda: audio_files.with_declared_samples(
        audio_files.silent_flac(36_000), 8_000
    ),
    "a playlist": b"#EXTM3U\nfile:///etc/passwd\n",
    "a concat list": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "a playlist in a name of audio": b"[playlist]\nFile1=/etc/passwd\nNumberOfEntries=1\n",
    "scratched": lambda: audio_files.scratched(audio_files.encoded("ogg")),
}
GOOD = [
    base64.b64encode((AUDIO / f"librivox-austen-{name}.wav").read_bytes()).decode()
    for name in ("0870", "0880")
]
EDGE = "edge"


@cache
def upload(name: str) -> bytes:
    """Return the bytes of an upload."""
    found = UPLOADS[name]
    return found() if callable(found) else found


def part(head: str, body: bytes = b"x") -> bytes:
    return f"--{EDGE}\r\n{head}\r\n\r\n".encode() + body + b"\r\n"


def field(name: str, value: bytes = b"x") -> bytes:
    return part(f'Content-Disposition: form-data; name="{name}"', value)


def file(name: str, data: bytes = b"x", filename: str = "a.wav") -> bytes:
    return part(f'Content-Disposition: form-data; name="{name}"; filename="{filename}"', data)


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{EDGE}--\r\n".encode()


def send(
    http: Sender, path: str, body: bytes, kind: str = f"multipart/form-data; boundary={EDGE}"
) -> Answer:
    return http.send("POST", path, body, kind)


def clone(http: Sender, world: World, *samples: str) -> Answer:
    body = bodies(world)["voices_create"] | {
        "samples": [{"audio_base64": sample} for sample in samples]
    }
    return http.post("/v1/voices", body)


class TestASample:
    @pytest.mark.parametrize("name", UPLOADS)
    def test_that_is_no_recording_is_refused_by_its_code(
        self, http: Sender, world: World, name: str
    ) -> None:
        text, good = base64.b64encode(upload(name)).decode(), world["consent_id"]
        before = rows()
        found = problem(clone(http, world, text), 422)
        assert found["code"].startswith("sample_")
        assert [(fault["attr"], fault["code"]) for fault in found["errors"]] == [
            ("samples.0", found["code"])
        ]
        assert (rows(), good) == (before, world["consent_id"])

    @pytest.mark.parametrize("name", ["empty", "random", "a playlist", "65,535 channels"])
    def test_is_refused_alike_as_a_file(self, http: Sender, world: World, name: str) -> None:
        texts = {
            "consent": world["consent_id"],
            "name": "M",
            "language": "en",
            "use_case": "entertainment.audiobook",
        }
        parts = [field(key, value.encode()) for key, value in texts.items()]
        before = rows()
        found = problem(send(http, "/v1/voices", form(*parts, file("samples", upload(name)))), 422)
        assert found["errors"][0]["code"].startswith("sample_")
        assert rows() == before

    @pytest.mark.parametrize(
        "text", ["%", "a", "=" * 8, "UklGRg", "é", "AAAA\n", "data:audio/wav;base64,UklGRg=="]
    )
    def test_that_is_not_base64_is_refused(self, http: Sender, world: World, text: str) -> None:
        found = problem(clone(http, world, text), 422)
        assert found["errors"][0] | {"detail": ""} == {
            "code": "invalid_base64", "attr": "samples.0.audio_base64", "detail": "",
        }  # fmt: skip

    def test_that_is_good_is_taken_after_all_of_them(self, http: Sender, world: World) -> None:
        for name in UPLOADS:
            clone(http, world, base64.b64encode(upload(name)).decode())
        assert clone(http, world, *GOOD).status_code == 201

    def test_with_endless_words_beside_it_is_not_read(
        self, http: Sender, world: World, settings: Any
    ) -> None:
        settings.SAYSO_MAX_JSON_BYTES = 2**16
        before = rows()
        body = form(field("name", b"x" * (2**16 + 1)), file("samples", upload("random")))
        problem(send(http, "/v1/voices", body), 413, "too_large")
        assert rows() == before


class TestAFileToVerify:
    @pytest.mark.parametrize("name", UPLOADS)
    def test_that_is_no_audio_is_unreadable(self, anybody: Sender, name: str) -> None:
        answer = send(anybody, "/v1/verify", form(file("file", upload(name))))
        assert (answer.status_code, answer.json()["verdict"]) == (200, "unreadable")
        assert "root:" not in answer.content.decode()
        assert rows()["Blob"] == 0

    @pytest.mark.parametrize(
        ("path", "name", "schema"),
        [("/v1/verify", "file", "VerifyForm"), ("/v1/verify/batch", "files", "VerifyBatchForm")],
    )
    def test_may_be_empty_as_the_document_says(
        self, http: Sender, path: str, name: str, schema: str
    ) -> None:
        """An empty file is unreadable like any other, and one of twenty ends no batch."""
        described = document()["components"]["schemas"][schema]["properties"][name]
        assert "minLength" not in {**described, **described.get("items", {})}

        answer = send(http, path, form(file(name, b""))).json()
        found = answer["data"][0] if name == "files" else answer
        assert (found["verdict"], found["reason"]) == ("unreadable", "empty")

    def test_over_the_limit_is_not_read(
        self, anybody: Sender, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.SAYSO_MAX_UPLOAD_BYTES = 2**16
        monkeypatch.setattr("provenance.api.views.verify_uploads.VerifyView.body_limit", 2**16)
        problem(send(anybody, "/v1/verify", form(file("file", bytes(2**16 + 1)))), 413, "too_large")
        problem(send(anybody, "/v1/verify", form(field("file", bytes(2**18)))), 413, "too_large")

    def test_that_is_audio_is_answered_after_all_of_them(self, anybody: Sender) -> None:
        for name in list(UPLOADS)[:8]:
            send(anybody, "/v1/verify", form(file("file", upload(name))))
        assert (
            send(anybody, "/v1/verify", form(file("file", audio_files.encoded("wav")))).json()[
                "verdict"
            ]
            == "not_found"
        )


@pytest.mark.parametrize("path", ["/v1/verify", "/v1/voices"])
class TestAForm:
    @pytest.mark.parametrize(
        "kind",
        [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=" + "x" * 200,
            "multipart/form-data; boundary=é",
            'multipart/form-data; boundary="',
            "multipart/form-data; boundary=other",
        ],
    )
    def test_with_a_wrong_boundary_cannot_be_read(self, http: Sender, path: str, kind: str) -> None:
        assert problem(send(http, path, form(file("file")), kind))["status"] in {400, 415, 422}

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"--edge",
            b"--edge--\r\n",
            b"no form at all",
            form(field("file"))[:-8],
            form(part("Content-Disposition: form-data")),
            form(part("X: y")),
            form(
                part(
                    'Content-Disposition: form-data; name="file"\r\n'
                    "Content-Transfer-Encoding: base64",
                    b"%%%",
                )
            ),
            form(part('Content-Disposition: form-data; name="a"\r\nX: ' + "y" * 20_000)),
            form(field("file", b"\xff\xfe")),
            form(field("f\x00le")),
            form(field("é" * 500)),
            form(*(field(f"f{number}") for number in range(1000))),
            form(*(field("file") for _ in range(1001))),
            form(*(file(f"f{number}") for number in range(21))),
            form(file("file"), file("file")),
            form(field("file", b"a file is wanted here")),
            form(file("file"), field("colour")),
            form(
                file("consent"), file("name"), file("language"), file("metadata"), field("samples")
            ),
            form(field("metadata", b"{"), field("samples", b"[]")),
            form(field("metadata", b"[" * 10_000), file("samples")),
            form(field("metadata", b'{"a": NaN, "a": "\\ud800"}'), file("samples")),
        ],
        ids=lambda body: f"{len(body)} bytes {body[-40:-12]!r}",
    )
    def test_that_is_wrong_is_refused_and_nothing_is_made(
        self, http: Sender, world: World, path: str, body: bytes
    ) -> None:
        before = rows()
        assert problem(send(http, path, body))["status"] in {400, 413, 422}
        assert rows() == before

    @pytest.mark.parametrize(
        "filename",
        [
            "../../../etc/passwd",
            "C:\\\\a.wav",
            "a\x00.wav",
            "",
            "x" * 5000,
            ".",
            "a.wav; name=other",
            "%2e%2e",
            "🎤.wav",
        ],
    )
    def test_filename_is_never_believed(
        self, http: Sender, world: World, path: str, filename: str, tmp_path: Path
    ) -> None:
        name = "file" if path == "/v1/verify" else "samples"
        answer = send(
            http,
            path,
            form(field("consent", world["consent_id"].encode()), file(name, filename=filename)),
        )
        assert problem(answer)["status"] in {
            400,
            422,
        }  # a field is missing or unknown; the name changes nothing
        assert [one for one in tmp_path.rglob("*") if "passwd" in one.name] == []


def test_every_code_of_these_tests_has_a_page(http: Sender, world: World) -> None:
    for name in ("empty", "random", "ten hours of FLAC silence"):
        kind = json.loads(clone(http, world, base64.b64encode(upload(name)).decode()).content)[
            "type"
        ]
        assert http.get("/problems/" + kind.rpartition("/")[2]).status_code == 200
