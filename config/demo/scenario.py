"""The story itself: consent signed, voice cloned, calls gated, clip marked, verified, revoked,
erased, audited.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from config.demo.client import Client, DemoResponse
from config.demo.mailbox import Mailbox
from config.demo.output import Narrator
from config.demo.server import DemoFailed
from config.demo.signer import sign_on_the_page

ENGLISH: Final = (
    "It was a bright cold evening, and the lamps along the harbour were lit one after another."
)
GERMAN: Final = (
    "Der alte Leuchtturm stand still am Meer, und niemand wusste, wer dort das Licht entzündete."
)
JAPANESE: Final = "港の灯りが一つずつともっていった。"
ADVERT: Final = "Switch to Harbour Light today and save twenty percent on your first order."


class Story:
    """Everything between an empty service and a verified audit bundle; raises DemoFailed at the
    first surprise.
    """

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

    # -- the consent -------------------------------------------------------------------------------
    def meet_the_speaker(self) -> None:
        """Make the speaker."""
        with self.tell.step("Mara Lindqvist, a narrator, is entered as a speaker"):
            body = {
                "name": "Mara Lindqvist",
                "email": "mara@example.org",
                "country": "DE",
                "locale": "en",
            }
            speaker = _expect_status(self.client.post("/v1/speakers", body), 201)
            self.ids["speaker"] = speaker["id"]
            self.tell.say(
                f"{speaker['id']}; her name and address lie encrypted under a key of her own"
            )

    def ask_for_consent(self) -> None:
        """Ask for audiobooks in English and German for a year."""
        with self.tell.step(
            "The publisher asks for her consent: audiobooks, in English and German, for one year"
        ):
            body = {
                "speaker": self.ids["speaker"],
                "notice": "voice-cloning",
                "locale": "en",
                "assurance": "L1",
                "jurisdictions": ["EU"],
                "duration": "P1Y",
                "representation": {"kind": "none"},
                "grants": [
                    {
                        "use_case": "entertainment.audiobook",
                        "intended_uses": (
                            "Narration of the novel “The Harbour Lamps”, unabridged, in two "
                            "languages."
                        ),
                        "actions": ["clone", "synthesize"],
                        "languages": ["en", "de"],
                        "channels": ["*"],
                        "territories": ["*"],
                        "exclusions": [],
                        "quota": {"characters": 100_000},
                    }
                ],
            }
            consent = _expect_status(self.client.post("/v1/consents", body), 201)
            self.ids |= {"consent": consent["id"], "link": self._link_of(consent)}
            self.tell.say(f"{consent['id']} is {consent['state']}; she gets a one-time link")

    def _link_of(self, consent: dict[str, Any]) -> str:
        """Take the link out of the speaker's mailbox.

        Without one this is the sandbox, where the answer has it.
        """
        if self.mailbox is None:
            return str(consent["signing_url"])
        _require_outcome(
            "signing_url" not in consent, "the publisher got the link that is hers alone"
        )
        link = self.mailbox.signing_link()
        self.tell.say("the link came to her mailbox, and the publisher's answer has none")
        return link

    def sign(self) -> None:
        """Sign on the real page, as a browser without JavaScript would."""
        with self.tell.step(
            "She opens the link, reads, ticks each purpose, types her name and signs"
        ):
            sign_on_the_page(self.ids["link"], name="Mara Lindqvist", advice="none")
            consent = _expect_status(self.client.get(f"/v1/consents/{self.ids['consent']}"), 200)
            _require_outcome(
                consent["state"] == "active", f"the consent is {consent['state']}, not active"
            )
            self.tell.say(f"state {consent['state']} until {consent['valid_until']}")

    def show_the_receipt(self) -> None:
        """Show what she signed, with its signature."""
        with self.tell.step("Her receipt"):
            record = _expect_status(
                self.client.get(f"/v1/consents/{self.ids['consent']}/record"), 200
            )
            receipt = self.client.get(f"/v1/consents/{self.ids['consent']}/receipt.pdf")
            _require_outcome(
                receipt.status == 200 and receipt.body.startswith(b"%PDF"), "no receipt came"
            )
            (self.folder / "receipt.pdf").write_bytes(receipt.body)
            self.tell.say(
                f"record SHA-256 {record['sha256']}, signed with Ed25519; receipt.pdf for her files"
            )

    # -- the voice ---------------------------------------------------------------------------------
    def clone(self, samples: list[Path]) -> None:
        """Clone the voice from two recordings of a real reader."""
        with self.tell.step("Her voice is cloned from two recordings"):
            fields = {
                "consent": self.ids["consent"], "name": "Mara, narrator", "language": "en",
                "use_case": "entertainment.audiobook",
            }  # fmt: skip
            answer = self.client.upload(
                "/v1/voices", fields, [("samples", path) for path in samples]
            )
            voice = _expect_status(answer, 201, 202)
            self.ids["voice"] = voice["id"]
            voice = self._wait(
                f"/v1/voices/{voice['id']}",
                lambda row: row["state"] not in {"checking", "training"},
            )
            _require_outcome(voice["state"] == "ready", f"the voice is {voice['state']}")
            self.tell.say(
                f"{voice['id']} is ready; both recordings passed the checks and belong to one "
                "speaker"
            )

    def speak(self, name: str, text: str, language: str) -> None:
        """Speak a sentence that the consent covers, and keep the file."""
        with self.tell.step(f"It speaks {name}: “{text}”"):
            answer = self._speech(text, language, "entertainment.audiobook")
            _require_outcome(answer.status == 200, f"{answer.status} {answer.body[:300]!r}")
            path = self.folder / f"speech-{language}.wav"
            path.write_bytes(answer.body)
            self.ids["clip"] = answer.headers["sayso-clip"]
            clip = self._wait(
                f"/v1/clips/{self.ids['clip']}", lambda row: row["log_index"] is not None
            )
            self.tell.say(
                f"allowed; {path.name}, {len(answer.body) // 1024} kB, watermark read back from "
                "these very bytes, "
                f"log entry {clip['log_index']}"
            )

    def be_refused(self, what: str, text: str, language: str, use_case: str) -> None:
        """Ask for something that the consent does not cover."""
        with self.tell.step(what):
            self._refusal(self._speech(text, language, use_case))

    def verify(self, foreign: Path) -> None:
        """Find a produced file after MP3, and do not find a foreign one."""
        with self.tell.step(
            "Somebody finds the English clip as a 64 kbit/s MP3 and asks where it came from"
        ):
            sound = decode_untrusted((self.folder / "speech-en.wav").read_bytes()).sound
            mp3 = self.folder / "found-on-the-web.mp3"
            mp3.write_bytes(
                encode_sound(sound, Output(codec="mp3", sample_rate_hz=24_000, bit_rate_bps=64_000))
            )
            self._verdict(mp3, "issued_altered")
        with self.tell.step("And a recording that never went through here"):
            self._verdict(foreign, "not_found")

    def clone_from_own_output(self) -> None:
        """Try to clone from a clip that this service made."""
        with self.tell.step("Somebody tries to clone a voice from one of the clips"):
            fields = {
                "consent": self.ids["consent"], "name": "Copy of a copy", "language": "en",
                "use_case": "entertainment.audiobook",
            }  # fmt: skip
            answer = self.client.upload(
                "/v1/voices", fields, [("samples", self.folder / "speech-en.wav")]
            )
            _require_outcome(answer.status == 422, f"{answer.status} instead of a refusal")
            self.tell.say(f"refused, {answer.json['code']}: {answer.json['detail']}")

    def show_the_clips_receipt(self) -> None:
        """Fetch the papers of the English clip and check them offline, as its buyer would."""
        with self.tell.step(
            "Its buyer checks the receipt without asking us: python3 verify.py receipt"
        ):
            clip = f"/v1/clips/{self.ids['clip']}"
            organisation = (
                self.client.get(f"{clip}/receipt")
                .headers["link"]
                .partition("/log/")[2]
                .partition("/")[0]
            )
            papers = {
                "receipt.jws": f"{clip}/receipt", "receipt.proof": f"{clip}/proof",
                "opening.json": f"{clip}/opening", "keys.json": f"/log/{organisation}/keys.json",
                "verify.py": "/verify.py",
            }  # fmt: skip
            for name, path in papers.items():
                answer = self.client.get(path)
                _require_outcome(answer.status == 200, f"{name}: {answer.status}")
                (self.folder / name).write_bytes(answer.body)
            (self.folder / "script.txt").write_text(ENGLISH, encoding="utf-8")
            given = {
                "key": "keys.json", "proof": "receipt.proof", "audio": "speech-en.wav",
                "opening": "opening.json", "script": "script.txt",
            }  # fmt: skip
            options = [
                word
                for name, file in given.items()
                for word in (f"--{name}", str(self.folder / file))
            ]
            self._offline(0, "receipt", str(self.folder / "receipt.jws"), *options)

    # -- the end -----------------------------------------------------------------------------------
    def revoke(self) -> None:
        """Revoke, and try to speak again."""
        with self.tell.step("Mara changes her mind and revokes"):
            consent = _expect_status(
                self.client.post(
                    f"/v1/consents/{self.ids['consent']}/revoke", {"reason": "requested_by_person"}
                ),
                200,
            )
            self.tell.say(f"state {consent['state']} since {consent['revoked_at']}")
        with self.tell.step("The next call"):
            self._refusal(self._speech(ENGLISH, "en", "entertainment.audiobook"))

    def erase(self, blobs: Path) -> None:
        """Erase her, and show that nothing of her can be read any more."""
        with self.tell.step("She asks to be erased"):
            path = f"/v1/speakers/{self.ids['speaker']}/erase"
            erasure = _expect_status(self.client.post(path, {"reason": "requested"}), 202)
            erasure = self._wait(
                f"/v1/erasures/{erasure['id']}",
                lambda row: row["state"] in {"completed", "erased", "failed"},
            )
            for target in erasure["targets"]:
                self.tell.say(
                    f"{target['system']} {target['asset']}: {target['method']}, {target['state']}"
                )
            certificate = self.client.get(f"/v1/erasures/{erasure['id']}/certificate")
            _require_outcome(certificate.status == 200, "no certificate came")
            (self.folder / "erasure-certificate.json").write_bytes(certificate.body)
            self.tell.say("signed certificate: erasure-certificate.json")
        with self.tell.step("What is left of her"):
            speaker = self.client.get(f"/v1/speakers/{self.ids['speaker']}")
            audio = self.client.get(f"/v1/clips/{self.ids['clip']}/audio")
            _require_outcome(b"Mara" not in speaker.body, "her name can still be read")
            _require_outcome(
                audio.status in {403, 404, 409, 410},
                f"her audio can still be fetched ({audio.status})",
            )
            left = sum(1 for file in blobs.rglob("*") if file.is_file())
            self.tell.say(
                f"name: {_describe_answer(speaker)}; audio: {audio.status} {audio.json['code']}; "
                f"encrypted files left: {left}"
            )

    def audit(self) -> None:
        """Export the audit bundle, verify it offline, flip one byte and be refused."""
        with self.tell.step("The auditor exports everything"):
            export = _expect_status(self.client.post("/v1/exports", {"kind": "audit"}), 202)
            export = self._wait(
                f"/v1/exports/{export['id']}", lambda row: row["state"] in {"ready", "failed"}
            )
            _require_outcome(export["state"] == "ready", "the export failed")
            bundle = self.folder / "audit.zip"
            bundle.write_bytes(self.client.get(f"/v1/exports/{export['id']}/download").body)
            self.tell.say(f"audit.zip, {bundle.stat().st_size // 1024} kB")
        with zipfile.ZipFile(bundle) as archive:
            archive.extract("verify.py", self.folder)
        keys = (
            "--key",
            str(self.folder / "keys.json"),
        )  # fetched by the buyer, before there was a bundle
        with self.tell.step("and verifies it offline: python3 verify.py audit.zip --key keys.json"):
            self._offline(0, str(bundle), *keys)
        with self.tell.step("With one byte changed"):
            self._offline(1, str(_flip_bit(bundle, self.folder / "audit-changed.zip")), *keys)

    # -- the small things --------------------------------------------------------------------------
    def _speech(self, text: str, language: str, use_case: str) -> DemoResponse:
        body = {
            "voice": self.ids["voice"], "text": text, "language": language, "use_case": use_case,
            "output": {"codec": "wav", "sample_rate_hz": 24_000}, "delivery": {"mode": "sync"},
        }  # fmt: skip
        return self.client.post("/v1/speech", body)

    def _refusal(self, answer: DemoResponse) -> None:
        _require_outcome(
            answer.status == 403, f"{answer.status} instead of a refusal: {answer.body[:300]!r}"
        )
        for reason in answer.json["reasons"]:
            self.tell.say(f"refused, {reason['code']}: {reason['detail']}")

    def _verdict(self, file: Path, expected: str) -> None:
        found = _expect_status(self.public.upload("/v1/verify", {}, [("file", file)]), 200)
        _require_outcome(
            found["verdict"] == expected, f"the verdict is {found['verdict']}, not {expected}"
        )
        layers = ", ".join(f"{row['layer']} {row['result']}" for row in found["evidence"])
        self.tell.say(f"{found['verdict']} ({layers})")

    def _wait(
        self, path: str, done: Callable[[dict[str, Any]], bool], seconds: float = 60.0
    ) -> dict[str, Any]:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            row: dict[str, Any] = _expect_status(self.client.get(path), 200)
            if done(row):
                return row
            time.sleep(0.1)
        raise DemoFailed(f"{path} did not finish within {seconds:.0f} s")

    def _offline(self, expected: int, *words: str) -> None:
        command = [sys.executable, "-I", "-S", str(self.folder / "verify.py"), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
        lines = (done.stdout + done.stderr).strip().splitlines()
        _require_outcome(
            done.returncode == expected, f"verify.py ended with {done.returncode}: {lines[-1:]}"
        )
        for line in (
            lines if expected == 0 else [line for line in lines if "refused" in line.lower()][:4]
        ):
            self.tell.say(line.partition(" Proves: ")[0])  # what it means stands in its own words


def _expect_status(answer: DemoResponse, *statuses: int) -> Any:
    _require_outcome(
        answer.status in statuses, f"{answer.status}: {answer.body[:600].decode(errors='replace')}"
    )
    return answer.json


def _require_outcome(fine: bool, otherwise: str) -> None:  # noqa: FBT001 - an assertion's shape
    if not fine:
        raise DemoFailed(f"\nThe demo stopped: {otherwise}")


def _describe_answer(answer: DemoResponse) -> str:
    return (
        json.dumps(answer.json.get("name"))
        if answer.status == 200
        else f"{answer.status} {answer.json['code']}"
    )


def _flip_bit(bundle: Path, copy: Path) -> Path:
    """A copy of the zip in which one bit of one entry of one table is another."""
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
