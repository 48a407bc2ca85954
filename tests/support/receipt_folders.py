"""A clip with all its papers on the disk, and the verifier run on them as a stranger would."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenance.verifier import cli
from tests.support import export_scenario
from tests.support.export_scenario import Verdict
from tests.voices.conftest import SENTENCE, Http, say
from voices.models import Voice

PAPERS = ("proof", "audio", "opening", "script")


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """Where the files are: receipt.jws, keys.json, proof, audio, opening, script."""

    folder: Path
    clip: str

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def verify(self, *papers: str) -> Verdict:
        """Verify with these papers; with all of them when none is named."""
        return export_scenario.examined(*self._words(*papers))

    def code(self, *papers: str) -> int:
        """The exit code alone, in this process: many receipts are too many for a process each."""
        return cli.main(self._words(*papers))

    def _words(self, *papers: str) -> list[str]:
        options = [
            word for name in papers or PAPERS for word in (f"--{name}", str(self.folder / name))
        ]
        return [
            "receipt",
            str(self.folder / "receipt"),
            "--key",
            str(self.folder / "keys.json"),
            *options,
        ]


def fetch(
    client: Http,
    voice: Voice,
    folder: Path,
    *,
    text: str = SENTENCE,
    form: str = "compact",
    **changes: Any,
) -> Papers:
    """Have a sentence spoken and fetch everything about it, over HTTP."""
    spoken = say(client, voice, text=text, **changes)
    clip = spoken["Sayso-Clip"]
    base = f"/v1/clips/{clip}"
    folder.mkdir(exist_ok=True)
    papers = Papers(folder=folder, clip=clip)
    papers.write("audio", spoken.content)
    papers.write("script", text.encode())
    papers.write("receipt", client.get(f"{base}/receipt?serialization={form}").content)
    papers.write("proof", client.get(f"{base}/proof").content)
    papers.write("opening", client.get(f"{base}/opening").content)
    papers.write("keys.json", client.get(f"/log/{voice.organisation_id}/keys.json").content)
    return papers


def payload_of(receipt: bytes) -> dict[str, Any]:
    """What a compact receipt says."""
    said: dict[str, Any] = json.loads(unbase64url(receipt.decode().split(".")[1]))
    return said


def signed_by(sign: Callable[[bytes], bytes], head: Mapping[str, str], payload: bytes) -> bytes:
    """A compact JWS over these very bytes."""
    signed = b".".join(base64url(part) for part in (canonical(head), payload))
    return signed + b"." + base64url(sign(signed))


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
