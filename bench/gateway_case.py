"""The servers of the gateway bench, and the requests that bring the same 100 kB from each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from django.core.management import call_command

from accounts import api_key_changes, api_scopes
from accounts.provisioning import create_organisation
from bench.gateway import DIRECT, PEER, UNMARKED, WHOLE
from bench.gateway_client import Target, build_request
from bench.gateway_upstream import VOICE
from config.demo.client import Client
from config.demo.server import find_free_port
from core import clock
from tests.support.api_client import AUDIO, AUDIOBOOK, GRANT, Customer, expect
from tests.support.checked_accounts import skip_canary

ROOT: Final = Path(__file__).resolve().parents[1]
PEERS: Final = Path(os.environ.get("SAYSO_PEERS") or ROOT / ".peers")
TEXT: Final = "The lamps along the harbour were lit."
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
    call_command("migrate", verbosity=0)
    home = create_organisation(name="Bench", at=clock.now(), reached_at="voices@bench.example")
    key = api_key_changes.issue_key(
        organisation=home,
        product="Bench",
        livemode=False,
        scopes_granted=api_scopes.ALL,
        actor="system:bench",
        at=clock.now(),
        calls_per_minute=CALLS_A_MINUTE,
    ).secret
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        upstream = running.enter_context(_run_program("bench.gateway_upstream", "/"))
        peer = running.enter_context(_run_peer(folder, upstream))
        whole = running.enter_context(_run_program("bench.gateway_server", "/health/live"))
        bare = running.enter_context(
            _run_program("bench.gateway_server", "/health/live", "unmarked")
        )
        voice = _make_voice(whole, key, upstream)
        yield _build_targets(upstream, peer, {WHOLE: whole, UNMARKED: bare}, key, voice)


def _build_targets(upstream: int, peer: int, ours: dict[str, int], key: str, voice: str) -> Servers:
    theirs = json.dumps(
        {"model": "tts-1", "input": TEXT, "voice": "alloy", "response_format": "pcm"}
    ).encode()
    body: dict[str, Any] = {
        "voice": voice,
        "text": TEXT,
        "language": "en",
        "use_case": AUDIOBOOK,
        "output": {"codec": "wav", "sample_rate_hz": 24_000},
    }
    speech = "/v1/audio/speech"
    files = (
        Target(name=DIRECT, port=upstream, request=build_request(speech, "x", theirs)),
        Target(name=PEER, port=peer, request=build_request(speech, PEER_KEY, theirs)),
        *(
            Target(
                name=name,
                port=port,
                request=build_request("/v1/speech", key, json.dumps(body).encode()),
            )
            for name, port in ours.items()
        ),
    )
    body["delivery"] = {"mode": "stream"}
    streamed = json.dumps({"model": "tts-stream"} | json.loads(theirs)).encode()
    streams = (
        Target(
            name=DIRECT, port=upstream, request=build_request(f"/stream{speech}", "x", streamed)
        ),
        Target(name=PEER, port=peer, request=build_request(speech, PEER_KEY, streamed)),
        *(
            Target(
                name=name,
                port=port,
                request=build_request("/v1/speech", key, json.dumps(body).encode()),
            )
            for name, port in ours.items()
        ),
    )
    return Servers(files=files, streams=streams)


def _make_voice(port: int, key: str, upstream: int) -> str:
    """Return the id of a voice at the provider."""
    bench = Customer(client=Client(base=f"http://127.0.0.1:{port}", key=key))
    account = {
        "provider": "elevenlabs",
        "base_url": f"http://127.0.0.1:{upstream}",
        "credentials": {"api_key": "bench"},
    }
    skip_canary(bench.post("/v1/provider_accounts", account)["id"])
    speaker = bench.post("/v1/speakers", {"name": "Bench", "email": "b@example.org"})["id"]
    asked = {
        "speaker": speaker,
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
    files = [("samples", AUDIO / "librivox-austen-0870.wav")]
    made = expect(bench.client.upload("/v1/voices", fields, files), 201, 202)["id"]
    assert bench.until(f"/v1/voices/{made}", "ready", "failed") == "ready", VOICE
    return str(made)


@contextmanager
def _run_program(module: str, path: str, *words: str) -> Iterator[int]:
    """Run a module of ours on a free port, and return that."""
    port = find_free_port()
    environment = {
        **os.environ,
        "SAYSO_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SAYSO_MAX_STREAMS": "100",
        "SAYSO_PROVIDER_AT_ONCE": "100",
    }
    command = [sys.executable, "-m", module, str(port), *words]
    with _run_server(command, environment, port, path):
        yield port


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
) -> Iterator[None]:
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
        yield
    finally:
        server.terminate()
        server.wait(30)
