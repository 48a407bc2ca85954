"""The stored answer to a request with an idempotency key: kept sealed for a day, and replayed."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from django.http import HttpResponse

from accounts.authentication import Caller
from accounts.models import IdempotencyRecord
from config.middleware.idempotency_claims import Claim, running_error
from core.api.responses import SecretResponse
from provenance.clips import clip_lifecycle
from vault import sealed_values, subject_keys

KEPT_HEADERS: Final = (
    "Content-Type", "Location", "Link", "Retry-After", "Sayso-Clip", "Sayso-Decision",
    "Sayso-Content-Sha256", "Sayso-Disclosure", "Sayso-Aigc-Label", "Sayso-Padded-Ms",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeyFence:
    """The fence of a request that holds an idempotency key."""

    claim: Claim

    def demand(self) -> None:
        """Raise IdempotencyRunning when another request has the key by now."""
        self.claim.demand()

    def keep_answer(self, answer: HttpResponse) -> None:
        """Keep the answer in the transaction that earns it.

        Raises IdempotencyRunning.
        """
        if not store_answer(self.claim, answer):
            raise running_error()


def store_answer(claim: Claim, response: HttpResponse) -> bool:
    """Keep the answer, once, and return whether the key was still held.

    Of an answer that made a secret only that it was given is kept.
    """
    if isinstance(response, SecretResponse):
        kept = claim.rows().update(
            state=IdempotencyRecord.State.SECRET,
            status=response.status_code,
            headers={},
            sealed_body=None,
        )
        return bool(kept)

    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    sealed = None
    if "Sayso-Clip" not in headers:  # a clip's audio already lies in the vault
        subject = subject_keys.get_organisation_subject(
            claim.organisation_id, at=claim.row.created_at
        )
        sealed = sealed_values.seal(
            subject,
            _answer_context(claim.row),
            {"body": base64.b64encode(response.content).decode()},
        )
    kept = claim.rows().update(
        state=IdempotencyRecord.State.DONE,
        status=response.status_code,
        headers=headers,
        sealed_body=sealed,
    )
    return bool(kept)


def replay_answer(caller: Caller, kept: IdempotencyRecord) -> HttpResponse:
    """Return the stored answer. Raises what `delivered_bytes` raises for a clip that is gone."""
    if clip := kept.headers.get("Sayso-Clip"):
        body = clip_lifecycle.read_delivered_bytes(clip)
    else:
        subject = subject_keys.get_organisation_subject(caller.organisation_id, at=kept.created_at)
        opened = sealed_values.unseal(
            subject, _answer_context(kept), bytes(kept.sealed_body or b"")
        )
        body = base64.b64decode(opened["body"]) if isinstance(opened, dict) else b""

    response = HttpResponse(body, status=kept.status)
    for name, value in kept.headers.items():
        response[name] = value
    response["Idempotent-Replayed"] = "true"
    return response


def _answer_context(kept: IdempotencyRecord) -> str:
    return f"stored-answer|{kept.api_key_id}|{kept.key_sha256}"
