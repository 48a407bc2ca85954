"""The routes of Resemble's SDK: those that are gated, and why the others are refused."""

from __future__ import annotations

from typing import Final

from proxies.route_rules import RefusedFamily, RouteRules

_NOT_PASSED: Final = "This makes no speech with a person's voice, and is not passed on."
_WORDS: Final = "A dictionary changes what is said after it was judged."

RULES: Final = RouteRules(
    provider="resemble",
    gated=frozenset(
        {
            ("GET", "api/v2/voices"),
            ("POST", "api/v2/voices"),
            ("GET", "api/v2/voices/*"),
            ("PUT", "api/v2/voices/*"),
            ("DELETE", "api/v2/voices/*"),
            ("POST", "api/v2/voices/*/recordings"),
            ("POST", "api/v2/voices/*/build"),
            ("POST", "api/v2/projects/*/clips"),
            ("POST", "synthesize"),
            ("POST", "stream"),
        }
    ),
    refused=(
        RefusedFamily(
            "api/v2/voices/*/recordings",
            "Recordings are bound to the consent and are neither shown nor changed here.",
        ),
        RefusedFamily(
            "api/v2/projects/*/batch",
            "A batch is one answer for many texts. Send each text, or use `POST /v1/speech/batch`.",
        ),
        RefusedFamily(
            "api/v2/projects/*/clips/*", "Clips are kept here: see `GET /v1/clips/{id}`."
        ),
        RefusedFamily(
            "api/v2/projects", "Projects are the provider's. Any name of one is taken in a call."
        ),
        RefusedFamily(
            "api/v2/edit", "An edit makes a person say in a recording what they did not."
        ),
        RefusedFamily(
            "api/v2/watermark", "The provider's mark is its own. Use `POST /v1/verify` for ours."
        ),
        RefusedFamily("api/v2/detect", "The provider would get a recording that no one gave it."),
        RefusedFamily(
            "api/v2/secure_uploads", "The provider would get a recording that no one gave it."
        ),
        RefusedFamily("api/v2/phonemes", _WORDS),
        RefusedFamily("api/v2/term_substitutions", _WORDS),
        RefusedFamily("api/v2/account", _NOT_PASSED),
    ),
)
