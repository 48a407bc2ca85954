"""The act of the demo in which a provider's own SDK speaks through the gate, unmodified."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from django.conf import settings

from config.demo.client import Client
from config.demo.demo_session import DemoSession, expect_status, require_outcome

PYTHON: Final = settings.BASE_DIR / ".sdks" / "python" / "bin" / "python"
PROGRAM: Final = Path(__file__).parent / "programs" / "inworld_sdk.py"
MOST_SECONDS: Final = 120


class SdkSteps(DemoSession):
    """Steps with a test key, behind which the built-in engine stands for the provider."""

    def drive_an_sdk(self, test_key: str, sample: Path) -> None:
        """Clone and speak with Inworld's SDK, and see its own error for what no one agreed to."""
        with self.tell.step(
            "A team keeps Inworld's own SDK: only its address and its key change (sandbox)"
        ):
            if not PYTHON.exists():
                self.tell.say("left out: `make demo` sets up the SDK, manage.py does not")
                return

            product = Client(base=self.client.base, key=self._issue_key(test_key))
            consent = self._sign_in_sandbox(product)
            wav = self.folder / "speech-by-the-sdk.wav"
            command = [
                str(PYTHON),
                str(PROGRAM),
                f"{self.client.base}/proxy/inworld",
                product.key,
                consent,
                str(sample),
                str(wav),
            ]
            # Our own words.
            done = subprocess.run(  # noqa: S603
                command, capture_output=True, text=True, check=False, timeout=MOST_SECONDS
            )
            require_outcome(done.returncode == 0, f"the SDK failed: {done.stderr[-500:]}")
            for line in done.stdout.splitlines():
                self.tell.say(line)

        with self.tell.step("What the SDK saved is found like every other clip"):
            self.check_verdict(wav, "issued")

    def _issue_key(self, test_key: str) -> str:
        """Return a key of the product with a default use case, which no SDK can name."""
        body = {
            "product": "Audiobooks",
            "mode": "test",
            "scopes": ["speakers:write", "consents:write", "voices:write", "speech:write"],
            "default_use_case": "entertainment.audiobook",
        }
        client = Client(base=self.client.base, key=test_key)
        return str(expect_status(client.post("/v1/api_keys", body), 201)["secret"])

    def _sign_in_sandbox(self, client: Client) -> str:
        """Return the id of a consent that the test route signs."""
        speaker = expect_status(
            client.post("/v1/speakers", {"name": "Mara Lindqvist", "email": "mara@example.org"}),
            201,
        )
        grant = {
            "use_case": "entertainment.audiobook",
            "intended_uses": "Narration of the novel “The Harbour Lamps”, unabridged.",
            "actions": ["clone", "synthesize"],
            "languages": ["en"],
            "channels": ["*"],
            "territories": ["*"],
        }
        body = {"speaker": speaker["id"], "duration": "P1Y", "grants": [grant]}
        consent = expect_status(client.post("/v1/consents", body), 201)
        expect_status(client.post(f"/v1/test/consents/{consent['id']}/sign"), 200)
        return str(consent["id"])
