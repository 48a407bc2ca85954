"""The servers of the gateway bench, and the requests that bring the same 100 kB from each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from django.core.management import call_command

from accounts import api_key_changes, api_scopes
from accounts.provisioning import create_organisation
from bench.gateway_client import DIRECT, PEER, UNMARKED, WHOLE, Target, build_request
from config.demo.client import Client
from config.demo.server import find_free_port
from consent import services as consents
from core import clock
from tests.support.api_client import AUDIO, AUDIOBOOK, GRANT, Customer, expect
from tests.support.checked_accounts import skip_canary
from voices.models import Voice

ROOT: Final = Path(__file__).resolve().parents[1]
PEERS: Final = Path(os.environ.get("SAYSO_PEERS") or ROOT / ".peers")
LONG_TEXT: Final = "The lamps along the harbour were lit one after another. " * 20
TEXT: Final = "The lamps along the harbour were lit."
READINGS: Final = (
    "librivox-austen-0870.wav",
    "librivox-austen-0890.wav",
    "librivox-austen-0920.wav",
)
VOICES: Final = len(READINGS)
PEER_KEY: Final = "sk-bench"
CALLS_A_MINUTE: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The ways to a whole answer, and those to a stream."""

    files: tuple[Target, ...]
    streams: tuple[Target, ...]


@contextmanager
def run_servers() -> Iterator[Servers]:
    """Run the provider, the competitor and both servers of ours while the block runs."""
    key = _prepare_home()
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        upstream, _ = running.enter_context(_run_program("bench.gateway_upstream", "/"))
        peer = running.enter_context(_run_peer(folder, upstream))
        whole, _ = running.enter_context(_run_program("bench.gateway_server", "/health/live"))
        bare, _ = running.enter_context(
            _run_program("bench.gateway_server", "/health/live", "unmarked")
        )
        voices = make_voices(whole, key, upstream)
        yield _build_targets(upstream, peer, {WHOLE: whole, UNMARKED: bare}, key, voices)


def _prepare_home() -> str:
    """Make an organisation, and return a key of its test data."""
    call_command("migrate", verbosity=0)
    home = create_organisation(name="Bench", at=clock.now(), reached_at="voices@bench.example")
    return api_key_changes.issue_key(
        organisation=home,
        product="Bench",
        livemode=False,
        scopes_granted=api_scopes.ALL,
        actor="system:bench",
        at=clock.now(),
        calls_per_minute=CALLS_A_MINUTE,
    ).secret


def _build_targets(
    upstream: int, peer: int, ours: dict[str, int], key: str, voices: list[str]
) -> Servers:
    theirs = {"model": "tts-1", "input": TEXT, "voice": "alloy", "response_format": "pcm"}
    speech = "/v1/audio/speech"

    def ask_them(name: str, port: int, path: str, secret: str, model: str) -> Target:
        body = json.dumps(theirs | {"model": model}).encode()
        return Target(name=name, port=port, requests=(build_request(path, secret, body),))

    def ask_ours(name: str, port: int, mode: str) -> Target:
        bodies = (build_body(voice, TEXT, mode=mode) for voice in voices)
        requests = tuple(build_request("/v1/speech", key, body) for body in bodies)
        return Target(name=name, port=port, requests=requests)

    return Servers(
        files=(
            ask_them(DIRECT, upstream, speech, "x", "tts-1"),
            ask_them(PEER, peer, speech, PEER_KEY, "tts-1"),
            *(ask_ours(name, port, "sync") for name, port in ours.items()),
        ),
        streams=(
            ask_them(DIRECT, upstream, f"/stream{speech}", "x", "tts-1"),
            ask_them(PEER, peer, speech, PEER_KEY, "tts-stream"),
            *(ask_ours(name, port, "stream") for name, port in ours.items()),
        ),
    )


def build_body(voice: str, text: str, *, mode: str) -> bytes:
    """Return the body of a call of ours for 100 kB of WAV."""
    body: dict[str, Any] = {
        "voice": voice,
        "text": text,
        "language": "en",
        "use_case": AUDIOBOOK,
        "output": {"codec": "wav", "sample_rate_hz": 24_000},
        "delivery": {"mode": mode},
    }
    return json.dumps(body).encode()


def make_voices(port: int, key: str, upstream: int) -> list[str]:
    """Return the ids of VOICES voices at the provider, each of another person."""
    bench = Customer(client=Client(base=f"http://127.0.0.1:{port}", key=key))
    account = {
        "provider": "elevenlabs",
        "base_url": f"http://127.0.0.1:{upstream}",
        "credentials": {"api_key": "bench"},
    }
    connected = bench.post("/v1/provider_accounts", account)["id"]
    # The server's own worker is at the canary already, which this provider cannot pass.
    bench.until(f"/v1/provider_accounts/{connected}", "closed", "active")
    skip_canary(connected)
    made = [_make_voice(bench, number) for number in range(VOICES)]
    for voice in made:
        assert bench.until(f"/v1/voices/{voice}", "ready", "failed") == "ready", voice
    return made


def _make_voice(bench: Customer, number: int) -> str:
    person = {"name": f"Bench {number}", "email": f"b{number}@example.org"}
    asked = {
        "speaker": bench.post("/v1/speakers", person)["id"],
        "duration": "P1Y",
        "jurisdictions": ["EU"],
        "grants": [GRANT | {"quota": {"characters": 1_000_000_000}}],
    }
    consent = bench.post("/v1/consents", asked)["id"]
    bench.post(f"/v1/test/consents/{consent}/sign")
    fields = {
        "consent": consent, "name": "Bench", "language": "en", "use_case": AUDIOBOOK,
        "provider": "elevenlabs",
    }  # fmt: skip
    files = [("samples", AUDIO / READINGS[number])]
    return str(expect(bench.client.upload("/v1/voices", fields, files), 201, 202)["id"])


@contextmanager
def run_streams() -> Iterator[tuple[Target, Target, int]]:
    """Run the provider and ours, whole. Return the ways to a long stream, and our process."""
    key = _prepare_home()
    with ExitStack() as running:
        upstream, _ = running.enter_context(_run_program("bench.gateway_upstream", "/"))
        port, process = running.enter_context(_run_program("bench.gateway_server", "/health/live"))
        voice = make_voices(port, key, upstream)[0]
        direct = json.dumps({"input": LONG_TEXT}).encode()
        path = "/stream/v1/audio/speech"
        yield (
            Target(name=DIRECT, port=upstream, requests=(build_request(path, "x", direct),)),
            Target(
                name=WHOLE,
                port=port,
                requests=(
                    build_request("/v1/speech", key, build_body(voice, LONG_TEXT, mode="stream")),
                ),
            ),
            process,
        )


def suspend_consents() -> tuple[float, Callable[[], object]]:
    """Suspend the consent of the voice that streams. Return when it committed, and what resumes."""
    voice = Voice.objects.order_by("id").first()
    assert voice is not None
    whose: dict[str, Any] = {
        "organisation_id": voice.organisation_id, "livemode": False, "actor": "system:bench",
        "at": clock.now(),
    }  # fmt: skip
    consents.suspend_consent(voice.consent_id, reason="check", **whose)
    return time.perf_counter(), partial(consents.resume_consent, voice.consent_id, **whose)


@contextmanager
def _run_program(module: str, path: str, *words: str) -> Iterator[tuple[int, int]]:
    """Run a module of ours on a free port, and return that and its process."""
    port = find_free_port()
    environment = {
        **os.environ,
        "SAYSO_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SAYSO_MAX_STREAMS": "400",
        "SAYSO_PROVIDER_AT_ONCE": "400",
    }
    command = [sys.executable, "-m", module, str(port), *words]
    with _run_server(command, environment, port, path) as process:
        yield port, process


@contextmanager
def _run_peer(folder: Path, upstream: int) -> Iterator[int]:
    """Run the competitor as its documents say, before the same provider."""
    port = find_free_port()
    base = f"http://127.0.0.1:{upstream}"
    rows = [
        {
            "model_name": name,
            "litellm_params": {"model": "openai/tts-1", "api_base": api, "api_key": "x"},
        }
        for name, api in (("tts-1", f"{base}/v1"), ("tts-stream", f"{base}/stream/v1"))
    ]
    config = folder / "peer.json"  # YAML reads JSON
    config.write_text(
        json.dumps({"model_list": rows, "general_settings": {"master_key": PEER_KEY}})
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LITELLM_LOG": "ERROR"}
    command = [
        str(PEERS / "bin" / "litellm"), "--config", str(config), "--port", str(port),
        "--host", "127.0.0.1", "--telemetry", "False",
    ]  # fmt: skip
    with _run_server(command, environment, port, "/health/liveliness"):
        yield port


@contextmanager
def _run_server(
    command: list[str], environment: dict[str, str], port: int, path: str
) -> Iterator[int]:
    server = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        for _ in range(900):
            assert server.poll() is None, command
            probe = HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                probe.request("GET", path)
                probe.getresponse().read()
                break
            except OSError:
                time.sleep(0.1)
            finally:
                probe.close()
        yield server.pid
    finally:
        server.terminate()
        server.wait(30)
