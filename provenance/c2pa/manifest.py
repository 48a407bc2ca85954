"""What a manifest says, as the builder of the library takes it.

Pure; no personal data, only codes and commitments.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core import clock
from provenance.c2pa import soft_binding

ALGORITHM: Final = "io.sayso.speech.1"
"""Our soft binding: 32 bits under a secret key, which tell nobody else anything.

Its value is the clip they lead to.
"""
CONSENT: Final = "io.sayso.consent"
PARENT: Final = "provider"
# IPTC digital source type (cv.iptc.org/newscodes/digitalsourcetype): media made by a trained model.
SYNTHETIC: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_MINING: Final = ("ai_generative_training", "ai_inference", "ai_training", "data_mining")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """Where the permission stands in the log, and what the log commits to there.

    `origin` is the address of the log, so that a reader can fetch it. `value` is `c` of that entry,
    an HMAC under the person's key: an auditor's bundle opens it, nobody else can.
    """

    origin: str
    event: str
    value: str
    index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestScope:
    """What was asked of the consent, in codes; None where the call named none."""

    use_case: str
    language: str | None
    channel: str | None
    territory: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Everything that a manifest of ours says.

    `manifest_id` is `urn:c2pa:` and a UUID; `at` is when it was made.
    """

    manifest_id: str
    clip_id: str
    at: datetime
    software: str
    marked: bool
    scope: ManifestScope
    commitment: Commitment | None


def clip_to_binding_bytes(clip_id: str) -> bytes:
    """Return the value of our soft binding: the clip's 16 random bytes, which `clp_…` spells in
    base32.
    """
    text = clip_id.removeprefix("clp_").upper()
    return base64.b32decode(text + "=" * (-len(text) % 8))


def clip_to_binding_value(clip_id: str) -> str:
    """Return the value of our soft binding as the resolution API and readers spell it: in
    base64.
    """
    return base64.b64encode(clip_to_binding_bytes(clip_id)).decode("ascii")


def binding_value_to_clip(value: str) -> str | None:
    """The clip's id of such a value; None for any other text."""
    try:
        raw = base64.b64decode(value, validate=True)
    except ValueError:
        return None
    return (
        "clp_" + base64.b32encode(raw).decode("ascii").rstrip("=").lower()
        if len(raw) == 16
        else None
    )


def build_definition(said: Statement, *, parent: bool = False) -> dict[str, Any]:
    """Return the manifest for the library's builder.

    With a parent, the clip is that file, encoded and marked.

    Every assertion is a created one. What is only gathered "is not attributed to the signer" (C2PA
    2.2, section 10.2), and we do sign for all of it.
    """
    assertions = [
        _build_assertion("c2pa.actions.v2", {"actions": _build_actions(said, parent=parent)})
    ]
    if said.marked:
        assertions.append(soft_binding.build_assertion(ALGORITHM))
    mining = {f"cawg.{name}": {"use": "notAllowed"} for name in _MINING}
    assertions.append(_build_assertion("cawg.training-mining", {"entries": mining}))
    assertions.append(_build_assertion(CONSENT, _build_consent(said)))

    return {
        "label": said.manifest_id,
        "claim_generator_info": [{"name": "Sayso", "version": said.software}],
        "title": said.clip_id,
        "assertions": assertions,
    }


def _build_assertion(label: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "data": data, "created": True}


def _build_actions(said: Statement, *, parent: bool) -> list[dict[str, Any]]:
    first: dict[str, Any] = {
        "action": "c2pa.opened" if parent else "c2pa.created",
        "when": clock.to_rfc3339(said.at),
        "digitalSourceType": SYNTHETIC,
        "softwareAgent": {"name": "Sayso", "version": said.software},
    }
    actions = [first]
    if parent:
        first["parameters"] = {"ingredientIds": [PARENT]}
        actions.append({"action": "c2pa.transcoded"})
    if said.marked:
        actions.append({"action": "c2pa.watermarked.bound"})
    return actions


def _build_consent(said: Statement) -> dict[str, Any]:
    scope = {
        "action": "synthesize",
        "use_case": said.scope.use_case,
        "language": said.scope.language,
        "channel": said.scope.channel,
        "territory": said.scope.territory,
    }
    data: dict[str, Any] = {
        "version": 1,
        "scope": {name: code for name, code in scope.items() if code},
    }
    if found := said.commitment:
        log = {"origin": found.origin, "entry": found.event}
        data["log"] = log if found.index is None else {**log, "index": found.index}
        data["commitment"] = {"alg": "hkdf-hmac-sha256/1", "value": found.value}
    return data
