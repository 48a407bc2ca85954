"""The last act of the demo: the consent is withdrawn, the speaker erased, and all audited."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from config.demo.client import DemoResponse
from config.demo.demo_session import DemoSession, expect_status, require_outcome
from config.demo.spoken_texts import ENGLISH


class EndingSteps(DemoSession):
    """Steps from the withdrawal to the verified audit bundle."""

    def revoke(self) -> None:
        """Withdraw the consent, and try to speak again."""
        with self.tell.step("Mara changes her mind and revokes"):
            consent = expect_status(
                self.client.post(
                    f"/v1/consents/{self.ids['consent']}/revoke", {"reason": "requested_by_person"}
                ),
                200,
            )
            self.tell.say(f"state {consent['state']} since {consent['revoked_at']}")

        with self.tell.step("The next call"):
            self.tell_refusal(self.ask_for_speech(ENGLISH, "en", "entertainment.audiobook"))

    def erase(self, blobs: Path) -> None:
        """Erase the speaker, and show that no data about her can be read any more."""
        with self.tell.step("She asks to be erased"):
            path = f"/v1/speakers/{self.ids['speaker']}/erase"
            erasure = expect_status(self.client.post(path, {"reason": "requested"}), 202)
            erasure = self.wait_for(
                f"/v1/erasures/{erasure['id']}",
                lambda row: row["state"] in {"completed", "erased", "failed"},
            )
            for target in erasure["targets"]:
                self.tell.say(
                    f"{target['system']} {target['asset']}: {target['method']}, {target['state']}"
                )

            certificate = self.client.get(f"/v1/erasures/{erasure['id']}/certificate")
            require_outcome(certificate.status == 200, "no certificate came")
            (self.folder / "erasure-certificate.json").write_bytes(certificate.body)
            self.tell.say("signed certificate: erasure-certificate.json")

        with self.tell.step("What is left of her"):
            speaker = self.client.get(f"/v1/speakers/{self.ids['speaker']}")
            audio = self.client.get(f"/v1/clips/{self.ids['clip']}/audio")
            require_outcome(b"Mara" not in speaker.body, "her name can still be read")
            require_outcome(
                audio.status in {403, 404, 409, 410},
                f"her audio can still be fetched ({audio.status})",
            )
            left = sum(1 for file in blobs.rglob("*") if file.is_file())
            self.tell.say(
                f"name: {_describe_answer(speaker)}; audio: {audio.status} {audio.json['code']}; "
                f"encrypted files left: {left}"
            )

    def audit(self) -> None:
        """Export the audit bundle, verify it offline, change one byte and be refused."""
        with self.tell.step("The auditor exports everything"):
            export = expect_status(self.client.post("/v1/exports", {"kind": "audit"}), 202)
            export = self.wait_for(
                f"/v1/exports/{export['id']}", lambda row: row["state"] in {"ready", "failed"}
            )
            require_outcome(export["state"] == "ready", "the export failed")
            bundle = self.folder / "audit.zip"
            bundle.write_bytes(self.client.get(f"/v1/exports/{export['id']}/download").body)
            self.tell.say(f"audit.zip, {bundle.stat().st_size // 1024} kB")

        with zipfile.ZipFile(bundle) as archive:
            archive.extract("verify.py", self.folder)

        # The buyer fetched the keys before there was a bundle.
        keys = ("--key", str(self.folder / "keys.json"))
        with self.tell.step("and verifies it offline: python3 verify.py audit.zip --key keys.json"):
            self.run_verifier(0, str(bundle), *keys)

        with self.tell.step("With one byte changed"):
            self.run_verifier(1, str(_flip_bit(bundle, self.folder / "audit-changed.zip")), *keys)


def _describe_answer(answer: DemoResponse) -> str:
    return (
        json.dumps(answer.json.get("name"))
        if answer.status == 200
        else f"{answer.status} {answer.json['code']}"
    )


def _flip_bit(bundle: Path, copy: Path) -> Path:
    """Return a copy of the zip with one bit changed in one entry of one table."""
    with (
        zipfile.ZipFile(bundle) as source,
        zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        names = source.namelist()
        chosen = next(
            name for name in names if name.endswith(".jsonl") and source.getinfo(name).file_size
        )

        for name in names:
            data = bytearray(source.read(name))
            if name == chosen:
                data[len(data) // 2] ^= 1
            target.writestr(name, bytes(data))

    return copy
