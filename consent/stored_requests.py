"""Access requests as decisions keep them, and as values again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from consent.models import Decision
from consent.policy import providers, use_cases
from consent.policy.actions import NEED_PROVIDER
from consent.policy.text_findings import TextFinding
from consent.policy.types import AccessRequest
from core.canonical_json import Json
from core.errors import Invalid

_CODE: Final = re.compile(r"[A-Za-z0-9*_.\-]{1,64}\Z")


def restore_access_request(decision: Decision) -> AccessRequest:
    """Return the stored request of a decision, so that it can be judged once more.

    Its words are canonical. Words of an older row that cannot be read make the request `unsure`,
    which is refused. What was found in its text is not looked for again: the text is not kept.
    """
    stored = cast("Mapping[str, Any]", decision.ask)
    known: dict[str, Any] = {
        **{name: stored.get(name) for name in ("language", "use_case", "channel", "territory")},
        "labels": tuple(str(label) for label in stored.get("labels", ())),
        "organisation_id": decision.organisation_id,
        "livemode": decision.livemode,
        "action": str(stored["action"]),
        "provider": _restore_provider(decision),
        "consent_id": decision.consent_id,
        "voice_id": decision.voice_id or None,
        "characters": int(stored.get("characters", 0)),
        "sample_sha256s": tuple(str(sha256) for sha256 in stored.get("samples", ())),
        "assurance_floor": int(stored.get("assurance_floor", 0)),
        "text": TextFinding.from_json(stored.get("text_language")),
        "content_unjudged": stored.get("content_unjudged") is True,
        "given": stored.get("given", {}),
    }
    try:
        return AccessRequest(**known)
    except Invalid:
        unsure = {
            "channel": None,
            "territory": None,
            "provider": None,
            "labels": (*known["labels"], use_cases.UNSURE),
        }
        return AccessRequest(**{**known, **unsure})


def _restore_provider(decision: Decision) -> str | None:
    """Return the provider of a stored request.

    Decisions from before providers were part of the scope name none. Their calls could reach the
    built-in engine alone.
    """
    stored = cast("Mapping[str, Any]", decision.ask)
    if "provider" in stored or decision.preview or stored["action"] not in NEED_PROVIDER:
        return stored.get("provider")

    return providers.LOCAL


def request_to_json(request: AccessRequest) -> dict[str, Json]:
    """Return a request as a decision stores it: canonical words, and the caller's in `given` where
    they differ.
    """
    stored: dict[str, Json] = {
        "action": keep_code(request.action),
        "language": request.language,
        "use_case": request.use_case,
        "channel": request.channel,
        "territory": request.territory,
        "provider": request.provider,
        "characters": request.characters,
        "labels": list(request.labels),
        "samples": list(request.sample_sha256s),
    }
    if request.text is not None:
        stored["text_language"] = request.text.to_json()
    if request.content_unjudged:
        stored["content_unjudged"] = True
    if request.assurance_floor:
        stored["assurance_floor"] = request.assurance_floor
    if request.given:
        stored["given"] = {
            name: _keep_spelling(word, getattr(request, name))
            for name, word in request.given.items()
        }
    return stored


def _keep_spelling(word: str | Iterable[str], read: object) -> Json:
    """Return another spelling of a word that we know. A word that we do not know could be a
    person's name.
    """
    if isinstance(word, str):
        return "?" if read is None else keep_code(word)
    return ["?" if _is_unknown(one) else keep_code(one) for one in word]


def _is_unknown(label: str) -> bool:
    return use_cases.parse_label(label) == use_cases.UNSURE and label.casefold() != use_cases.UNSURE


def keep_code(text: str | None) -> str | None:
    """Return a code as it may be stored. A text without the shape of a code could hold anything,
    and is not stored.
    """
    return text if text is None or _CODE.match(text) else "?"
