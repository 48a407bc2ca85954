"""The second act of the demo: a voice is cloned and speaks, and its clips are verified."""

from __future__ import annotations

from pathlib import Path

from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from config.demo.demo_session import DemoSession, expect_status, require_outcome
from config.demo.spoken_texts import ENGLISH


class VoiceSteps(DemoSession):
    """Steps from the recordings to a clip that its buyer checks offline."""

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
            voice = expect_status(answer, 201, 202)
            self.ids["voice"] = voice["id"]
            voice = self.wait_for(
                f"/v1/voices/{voice['id']}",
                lambda row: row["state"] not in {"checking", "training"},
            )
            require_outcome(voice["state"] == "ready", f"the voice is {voice['state']}")
            self.tell.say(
                f"{voice['id']} is ready; both recordings passed the checks and belong to one "
                "speaker"
            )

    def speak(self, name: str, text: str, language: str) -> None:
        """Speak a sentence that the consent covers, and store the file."""
        with self.tell.step(f"It speaks {name}: “{text}”"):
            answer = self.ask_for_speech(text, language, "entertainment.audiobook")
            require_outcome(answer.status == 200, f"{answer.status} {answer.body[:300]!r}")
            path = self.folder / f"speech-{language}.wav"
            path.write_bytes(answer.body)
            self.ids["clip"] = answer.headers["sayso-clip"]
            clip = self.wait_for(
                f"/v1/clips/{self.ids['clip']}", lambda row: row["log_index"] is not None
            )
            self.tell.say(
                f"allowed; {path.name}, {len(answer.body) // 1024} kB, watermark read back from "
                "these very bytes, "
                f"log entry {clip['log_index']}"
            )

    def be_refused(self, title: str, text: str, language: str, use_case: str) -> None:
        """Request speech that the consent does not cover."""
        with self.tell.step(title):
            self.tell_refusal(self.ask_for_speech(text, language, use_case))

    def verify(self, foreign: Path) -> None:
        """Find one of our clips after MP3, and do not find a foreign recording."""
        with self.tell.step(
            "A person finds the English clip as a 64 kbit/s MP3 and asks where it came from"
        ):
            sound = decode_untrusted((self.folder / "speech-en.wav").read_bytes()).sound
            mp3 = self.folder / "found-on-the-web.mp3"
            mp3.write_bytes(
                encode_sound(sound, Output(codec="mp3", sample_rate_hz=24_000, bit_rate_bps=64_000))
            )
            self.check_verdict(mp3, "issued_altered")

        with self.tell.step("And a recording that never went through here"):
            self.check_verdict(foreign, "not_found")

    def clone_from_own_output(self) -> None:
        """Try to clone from a clip that this service made."""
        with self.tell.step("A stranger tries to clone a voice from one of the clips"):
            fields = {
                "consent": self.ids["consent"], "name": "Copy of a copy", "language": "en",
                "use_case": "entertainment.audiobook",
            }  # fmt: skip
            answer = self.client.upload(
                "/v1/voices", fields, [("samples", self.folder / "speech-en.wav")]
            )
            require_outcome(answer.status == 422, f"{answer.status} instead of a refusal")
            self.tell.say(f"refused, {answer.json['code']}: {answer.json['detail']}")

    def show_the_clips_receipt(self) -> None:
        """Fetch the receipt of the English clip and check it offline, as its buyer would."""
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
                require_outcome(answer.status == 200, f"{name}: {answer.status}")
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
            self.run_verifier(0, "receipt", str(self.folder / "receipt.jws"), *options)
