"""The content of a manifest, as the library's builder takes it.

The module is pure. A manifest has no personal data, only codes and commitments.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core import clock
from provenance.c2pa import soft_binding

ALGORITHM: Final = "io.sayso.speech.1"
"""Our soft binding: 32 bits under a secret key. Its value is the clip that they name."""
CONSENT: Final = "io.sayso.consent"
PARENT: Final = "provider"
# IPTC digital source type (cv.iptc.org/newscodes/digitalsourcetype): media made by a trained model.
SYNTHETIC: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_MINING: Final = ("ai_generative_training", "ai_inference", "ai_training", "data_mining")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """The place of the permission in the log, and what the log commits to there.

    `origin` is the address of the log, so that a reader can fetch it. `value` is `c` of that entry,
    an HMAC under the person's key, which only an auditor's bundle opens.
    """

    origin: str
    event: str
    value: str
    index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestScope:
    """What was requested of the consent, in codes. None where the call had none."""

    use_case: str
    language: str | None
    channel: str | None
    territory: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The content of one manifest of ours.

    `manifest_id` is `urn:c2pa:` and a UUID. `at` is when it was made.
    """

    manifest_id: str
    clip_id: str
    at: datetime
    software: str
    marked: bool
    scope: ManifestScope
    commitment: Commitment | None


def clip_to_binding_bytes(clip_id: str) -> bytes:
    """Return the value of our soft binding: the clip's 16 random bytes, `clp_…` in base32."""
    text = clip_id.removeprefix("clp_").upper()
    return base64.b32decode(text + "=" * (-len(text) % 8))


def clip_to_binding_value(clip_id: str) -> str:
    """Return the value of our soft binding in base64, as the resolution API and readers have it."""
    return base64.b64encode(clip_to_binding_bytes(clip_id)).decode("ascii")


def binding_value_to_clip(value: str) -> str | None:
    """Return the clip's id of such a value, or None for any other text."""
    try:
        raw = base64.b64decode(value, validate=True)
    except ValueError:
        return None
    if len(raw) != 16:
        return None

    return "clp_" + base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def build_definition(statement: Statement, *, parent: bool = False) -> dict[str, Any]:
    """Return the manifest for the library's builder.

    With a parent, the clip is that file, encoded and marked.
    """
    # Every assertion is a created one. What is only gathered "is not attributed to the signer"
    # (C2PA 2.2, section 10.2), and we sign for all of it.
    assertions = [
        _build_assertion("c2pa.actions.v2", {"actions": _build_actions(statement, parent=parent)})
    ]
    if statement.marked:
        assertions.append(soft_binding.build_assertion(ALGORITHM))
    mining = {f"cawg.{name}": {"use": "notAllowed"} for name in _MINING}
    assertions.append(_build_assertion("cawg.training-mining", {"entries": mining}))
    assertions.append(_build_assertion(CONSENT, _build_consent(statement)))

    return {
        "label": statement.manifest_id,
        "claim_generator_info": [{"name": "Sayso", "version": statement.software}],
        "title": statement.clip_id,
        "assertions": assertions,
    }


def _build_assertion(label: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "data": data, "created": True}


def _build_actions(statement: Statement, *, parent: bool) -> list[dict[str, Any]]:
    first: dict[str, Any] = {
        "action": "c2pa.opened" if parent else "c2pa.created",
        "when": clock.to_rfc3339(statement.at),
        "digitalSourceType": SYNTHETIC,
        "softwareAgent": {"name": "Sayso", "version": statement.software},
    }
    actions = [first]
    if parent:
        first["parameters"] = {"ingredientIds": [PARENT]}
        actions.append({"action": "c2pa.transcoded"})
    if statement.marked:
        actions.append({"action": "c2pa.watermarked.bound"})
    return actions


def _build_consent(statement: Statement) -> dict[str, Any]:
    scope = {
        "action": "synthesize",
        "use_case": statement.scope.use_case,
        "language": statement.scope.language,
        "channel": statement.scope.channel,
        "territory": statement.scope.territory,
    }
    data: dict[str, Any] = {
        "version": 1,
        "scope": {name: code for name, code in scope.items() if code},
    }
    if found := statement.commitment:
        log = {"origin": found.origin, "entry": found.event}
        data["log"] = log if found.index is None else {**log, "index": found.index}
        data["commitment"] = {"alg": "hkdf-hmac-sha256/1", "value": found.value}
    return data
