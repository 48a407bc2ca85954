"""A person named in every free field of the API, on a real server: asked, signed, spoken, exported,
erased.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from config.demo.signer import sign_on_the_page
from tests.support.api_client import AUDIO, AUDIOBOOK
from tests.support.processes import wait_until

# In every free field, and nowhere else on earth.
STEM: Final = "Zwölfender"
# Where only a code is asked for, and a caller puts a name all the same.
CODE: Final = "hildegardis"
NAME: Final = f"Hilde {STEM}"
EMAIL: Final = f"{CODE}@example.org"
PHONE: Final = "+4915199887766"
WORDS: Final = frozenset(
    {
        "name",
        "email",
        "external_id",
        "metadata",
        "intended_uses",
        "reason",
        "text",
        "client_reference",
        "description",
        "transcript",
        "transcripts",
        "agreement",
        "product",
        "provider_options",
        "phone",
        "contact",
        "dpo",
    }
)
"""Names of the fields that take words."""
CODES: Final = frozenset(
    {
        # as they were read, and never stored
        "signed",
        "intended_uses_sha256",
        "default_use_case",
        "default_channel",
        "default_territory",
        "default_language",
        "expires_at",
        "overlap",
        "valid_from",
        "valid_until",
        "duration",
        "speaker",
        "notice",
        "locale",
        "jurisdictions",
        "use_case",
        "languages",
        "channels",
        "territories",
        "exclusions",
        "sensitive_content",
        "period",
        "id",
        "voice",
        "consent",
        "language",
        "channel",
        "territory",
        "labels",
        "to",
        "from",
        "country",
        "codec",
        "emotion",
        "advance",
        "provider",
        "audio_base64",
        "recording_base64",
        "items",
        # of an organisation's account at a provider
        "base_url",
        "credentials",
        "audio_origins",
        "settings",
        # of its moderation endpoint
        "api_key",
        "model",
    }
)
"""Names of the fields that take codes, ids, times and sound; what is none is refused, or not kept.
"""
ABOUT_NO_PERSON: Final = frozenset(
    {
        # an organisation's own, and lives on
        ("api_keys_create", "product"), ("api_keys_update", "product"),
        # sealed under its own key
        ("api_keys_create", "external_id"), ("api_keys_update", "external_id"),
        ("api_keys_create", "metadata"), ("api_keys_update", "metadata"),
        ("provider_accounts_create", "external_id"), ("provider_accounts_create", "metadata"),
        ("provider_accounts_update", "external_id"), ("provider_accounts_update", "metadata"),
        ("organisation_update", "contact"), ("organisation_update", "dpo"),
        ("organisation_update", "external_id"), ("organisation_update", "metadata"),
        ("exports_create", "external_id"), ("exports_create", "metadata"),
        # the engine knows none: refused
        ("speech_create", "provider_options"), ("speech_batch", "provider_options"),
    }
)  # fmt: skip


def noted(where: str) -> dict[str, Any]:
    """The notes of one call."""
    return {
        "external_id": f"{where} {STEM} 1",
        "metadata": {f"{STEM} {where}": f"{where} {STEM} 2"},
    }


def bodies(ids: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """A body for every operation, with the person's words in each free field that it has."""
    grant = {
        "use_case": AUDIOBOOK, "intended_uses": f"Audiobooks read by {NAME}, in two languages.",
        "actions": ["clone", "synthesize"], "languages": ["en", "de"], "channels": ["*"],
        "territories": ["*"],
    }  # fmt: skip
    line = {
        "voice": ids.get("voice", ""), "text": f"Good evening, I am {NAME}, and I read to you.",
        "language": "en", "use_case": AUDIOBOOK, "client_reference": f"line of {STEM}",
    }  # fmt: skip
    sample = base64.b64encode((AUDIO / "librivox-austen-0870.wav").read_bytes()).decode()
    return {
        "speakers_create": {"name": NAME, "email": EMAIL, "phone": PHONE, **noted("speaker")},
        "speakers_update": {
            "name": f"{NAME} the younger",
            "email": EMAIL,
            "phone": PHONE,
            "correction": {"reason": f"{STEM} is how she writes it."},
            **noted("speaker changed"),
        },
        "consents_create": {
            "speaker": ids.get("speaker", ""),
            "duration": "P1Y",
            "jurisdictions": ["EU"],
            "grants": [grant],
            "representation": {
                "kind": "counsel",
                "name": f"Dr {STEM}",
                "agreement": f"Contract {STEM}",
            },
            **noted("consent"),
        },
        "consents_statements_create": {
            "provider": "openai",
            "language": "en",
            "name": f"{NAME} agrees",
            "recording_base64": sample,
        },
        "consents_narrow": {
            "grants": [
                {"use_case": AUDIOBOOK, "intended_uses": f"Only the first of {NAME}'s books."}
            ]
        },
        "consents_suspend": {"reason": f"{NAME} called and was unsure."},
        "consents_resume": {"reason": f"{NAME} called again and is sure."},
        "consents_revoke": {"reason": f"{NAME} does not want it any more."},
        "voices_create": {
            "consent": ids.get("consent", ""),
            "name": f"Voice of {NAME}",
            "description": f"{STEM}, calm.",
            "language": "en",
            "use_case": AUDIOBOOK,
            "provider": "local",
            "samples": [{"audio_base64": sample, "transcript": f"{STEM} reads Austen."}],
            "transcripts": [f"{STEM} reads Austen aloud."],
            **noted("voice"),
        },
        "voices_update": {
            "name": NAME,
            "description": f"{STEM}, calmer.",
            **noted("voice changed"),
        },
        "speech_create": {**line, **noted("clip")},
        "speech_batch": {**line, "items": [{"text": f"{NAME} once."}, line], **noted("batch")},
        "decisions_create": {
            "voice": ids.get("voice", ""),
            "action": "synthesize",
            "language": CODE,
            "use_case": CODE,
            "labels": [CODE],
        }
        | noted("decision"),
        "consents_update": noted("consent again"),
        "speakers_erase": {"reason": f"{NAME} asked for it."} | noted("erasure"),
    }


class Telling:
    """One telling of the story, and the ids that it was given."""

    def __init__(self, base: str, key: str) -> None:
        self.base, self.key = base, key
        self.ids: dict[str, str] = {}
        self._calls = 0

    def tell(self) -> None:
        """From the first question to the certificate."""
        self._ask()
        self._speak()
        for kind in ("audit", "speaker"):
            self.export(kind)
        self._end()

    def export(self, kind: str) -> bytes:
        """Make a bundle and fetch it."""
        about = {"speaker": self.ids["speaker"]} if kind == "speaker" else {}
        made = self._post("/v1/exports", {"kind": kind, **about})["id"]
        self._until(f"/v1/exports/{made}", "ready")
        return self.call("GET", f"/v1/exports/{made}/download")[1]

    def _ask(self) -> None:
        self.ids["speaker"] = self._post("/v1/speakers", self._body("speakers_create"))["id"]
        self._send("PATCH", f"/v1/speakers/{self.ids['speaker']}", noted("speaker again"))
        asked = self._post("/v1/consents", self._body("consents_create"))
        sign_on_the_page(asked["signing_url"], name=NAME, advice="none")
        self.ids["consent"] = asked["id"]
        self._send("PATCH", f"/v1/speakers/{self.ids['speaker']}", self._body("speakers_update"))
        other = self._post("/v1/consents", self._body("consents_create"))["id"]
        self._post(f"/v1/test/consents/{other}/sign", {})
        self._post(f"/v1/consents/{other}/suspend", self._body("consents_suspend"))
        self._post(f"/v1/consents/{other}/resume", self._body("consents_resume"))
        self._post(f"/v1/consents/{other}/revoke", self._body("consents_revoke"))

    def _speak(self) -> None:
        statements = f"/v1/consents/{self.ids['consent']}/statements"
        self._post(statements, self._body("consents_statements_create"))
        self.ids["voice"] = self._post("/v1/voices", self._body("voices_create"))["id"]
        self._until(f"/v1/voices/{self.ids['voice']}", "ready")
        self._send("PATCH", f"/v1/voices/{self.ids['voice']}", self._body("voices_update"))
        speech = self._body("speech_create")
        for mode in ("sync", "stream"):
            status, answer, headers = self.call(
                "POST", "/v1/speech", {**speech, "delivery": {"mode": mode}}
            )
            assert status == 200, answer[:500]
            self.ids["clip"] = headers["sayso-clip"]
        for path, body in (
            ("/v1/speech", {**speech, "delivery": {"mode": "job"}}),
            ("/v1/speech/batch", self._body("speech_batch")),
        ):
            self._until(f"/v1/jobs/{self._post(path, body)['id']}", "done")
        assert self._post("/v1/decisions", self._body("decisions_create"))["allowed"] is False
        form = {
            "opinion": "wrong",
            "words": f"That is {NAME}!",
            "clip": self.ids["clip"],
            "verdict": "issued",
        }
        assert self._form("/verify/feedback", form) in (200, 302)

    def _end(self) -> None:
        consent = f"/v1/consents/{self.ids['consent']}"
        self._post(f"{consent}/narrow", self._body("consents_narrow"))
        self._send("PATCH", consent, self._body("consents_update"))
        self._post(f"{consent}/suspend", self._body("consents_suspend"))
        self.ids["waiting"] = self._post("/v1/speech/batch", self._body("speech_batch"))["id"]
        erasure = self._post(
            f"/v1/speakers/{self.ids['speaker']}/erase", self._body("speakers_erase")
        )["id"]
        self._until(f"/v1/erasures/{erasure}", "completed")
        self.ids["erasure"] = erasure

    def _body(self, operation: str) -> dict[str, Any]:
        return bodies(self.ids)[operation]

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._send("POST", path, body)

    def _send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        status, answer, _ = self.call(method, path, body)
        assert status in (200, 201, 202), f"{method} {path}: {status} {answer[:800]!r}"
        return json.loads(answer)

    def _until(self, path: str, state: str) -> None:
        def state_of() -> str:
            return str(json.loads(self.call("GET", path)[1])["state"])

        wait_until(lambda: state_of() in (state, "failed", "refused"), path, seconds=300)
        assert state_of() == state, self.call("GET", path)[1]

    def _form(self, path: str, fields: dict[str, str]) -> int:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._exchange("POST", path, urlencode(fields).encode(), headers)[0]

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, bytes, dict[str, str]]:
        """One call with the key, each with an Idempotency-Key of its own."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        if method == "POST":
            self._calls += 1
            headers["Idempotency-Key"] = f"call-{self._calls}"
        return self._exchange(method, path, data, headers)

    def _exchange(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        line = HTTPConnection(urlsplit(self.base).netloc, timeout=300)
        try:
            line.request(method, path, data, dict(headers))
            answer = line.getresponse()
            given = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, answer.read(), given
        finally:
            line.close()


def members(bundle: bytes) -> Iterator[tuple[str, bytes]]:
    """Every file of a bundle, unpacked."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


def files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(folder)), path.read_bytes()
