"""An emulated moderation endpoint in OpenAI's shape: it flags texts by the words in them."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from tests.emulators.emulator import Emulator

KEY: Final = "moderation-key"
CATEGORIES: Final = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit",
    "illicit/violent", "self-harm", "self-harm/intent", "self-harm/instructions", "sexual",
    "sexual/minors", "violence", "violence/graphic",
)  # fmt: skip


class ModerationEmulator(Emulator):
    """Flags a category where the text holds its word in `words`."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        super().__init__()

    def add_routes(self) -> None:
        """Add the one route."""
        self.route("POST", "/v1/moderations", self._moderate)

    def authorised(self, request: web.Request) -> bool:
        """Whether the key is sent."""
        return request.headers.get("Authorization") == f"Bearer {KEY}"

    def refuse(self, status: int, message: str) -> web.Response:
        """An error as OpenAI writes it."""
        body = {"error": {"message": message, "type": "invalid_request_error", "code": None}}
        return web.json_response(body, status=status)

    async def _moderate(self, request: web.Request) -> web.Response:
        form: Any = await request.json()
        if set(form) - {"input", "model"} or not isinstance(form.get("input"), str):
            return self.refuse(400, "input")

        flagged = dict.fromkeys((*CATEGORIES, *self.words.values()), False)
        flagged |= {
            category: True for word, category in self.words.items() if word in form["input"]
        }
        result = {
            "flagged": any(flagged.values()),
            "categories": flagged,
            "category_scores": {category: float(found) for category, found in flagged.items()},
        }
        return web.json_response(
            {"id": "modr-1", "model": "omni-moderation-latest", "results": [result]}
        )
