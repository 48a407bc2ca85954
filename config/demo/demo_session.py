"""What the steps of the demo share: clients, a folder for files, and checked calls."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config.demo.client import Client, DemoResponse
from config.demo.mailbox import Mailbox
from config.demo.output import Narrator
from config.demo.server import DemoFailed


class DemoSession:
    """The state of one run, and the calls that its steps share."""

    def __init__(
        self,
        *,
        base: str,
        key: str,
        folder: Path,
        narrator: Narrator,
        mailbox: Mailbox | None = None,
    ) -> None:
        self.client = Client(base=base, key=key)
        self.public = Client(base=base, key="")
        self.folder = folder
        self.tell = narrator
        self.mailbox = mailbox
        self.ids: dict[str, str] = {}

    def ask_for_speech(self, text: str, language: str, use_case: str) -> DemoResponse:
        """Request a WAV of this text in one call."""
        body = {
            "voice": self.ids["voice"], "text": text, "language": language, "use_case": use_case,
            "output": {"codec": "wav", "sample_rate_hz": 24_000}, "delivery": {"mode": "sync"},
        }  # fmt: skip

        return self.client.post("/v1/speech", body)

    def tell_refusal(self, answer: DemoResponse) -> None:
        """Print why the call was refused.

        Raises DemoFailed when it was not.
        """
        require_outcome(
            answer.status == 403, f"{answer.status} instead of a refusal: {answer.body[:300]!r}"
        )
        for reason in answer.json["reasons"]:
            self.tell.say(f"refused, {reason['code']}: {reason['detail']}")

    def check_verdict(self, file: Path, expected_verdict: str) -> None:
        """Verify a file without a key, and print the verdict.

        Raises DemoFailed for another one than `expected_verdict`.
        """
        found = expect_status(self.public.upload("/v1/verify", {}, [("file", file)]), 200)
        require_outcome(
            found["verdict"] == expected_verdict,
            f"the verdict is {found['verdict']}, not {expected_verdict}",
        )
        layers = ", ".join(f"{row['layer']} {row['result']}" for row in found["evidence"])
        self.tell.say(f"{found['verdict']} ({layers})")

    def wait_for(
        self, path: str, done: Callable[[dict[str, Any]], bool], seconds: float = 60.0
    ) -> dict[str, Any]:
        """Fetch an object until it is `done`.

        Raises DemoFailed after `seconds`.
        """
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            row: dict[str, Any] = expect_status(self.client.get(path), 200)
            if done(row):
                return row
            time.sleep(0.1)

        raise DemoFailed(f"{path} did not finish within {seconds:.0f} s")

    def run_verifier(self, expected_status: int, *words: str) -> None:
        """Run the stand-alone verifier, and print its output.

        Raises DemoFailed for another exit status than `expected_status`.
        """
        command = [sys.executable, "-I", "-S", str(self.folder / "verify.py"), *words]
        # Our own words.
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        lines = (done.stdout + done.stderr).strip().splitlines()
        require_outcome(
            done.returncode == expected_status,
            f"verify.py ended with {done.returncode}: {lines[-1:]}",
        )

        refusals = [line for line in lines if "refused" in line.lower()]
        for line in lines if expected_status == 0 else refusals[:4]:
            # The verifier's own explanation of what a line proves is left out.
            self.tell.say(line.partition(" Proves: ")[0])


def expect_status(answer: DemoResponse, *statuses: int) -> Any:
    """Return the JSON of an answer.

    Raises DemoFailed for another status.
    """
    require_outcome(
        answer.status in statuses, f"{answer.status}: {answer.body[:600].decode(errors='replace')}"
    )
    return answer.json


def require_outcome(fine: bool, otherwise: str) -> None:  # noqa: FBT001 - an assertion's shape
    """Check an outcome.

    Raises DemoFailed with the sentence `otherwise`.
    """
    if not fine:
        raise DemoFailed(f"\nThe demo stopped: {otherwise}")
