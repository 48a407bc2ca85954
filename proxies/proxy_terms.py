"""What a provider's body cannot say: use case, channel, territory and the consent of a clone.

It comes from the provider's own field where there is one, then from `Sayso-` headers, then from the
key's defaults.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rest_framework.request import Request

from accounts.authentication import Caller
from core.errors import Fault, Invalid
from voices.api.request_mapping import resolve_place

REPEAT_COUNT: Final = "X-Stainless-Retry-Count"
"""The header by which the SDKs of OpenAI and Cartesia say how often they have sent a call."""
_REPEATED: Final = re.compile(r"[1-9][0-9]{0,2}")
_CONSENT: Final = re.compile(r"sayso:(con_[a-z2-7]{26})(?![a-z0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyTerms:
    """The terms of one call. A `language` of "" was named nowhere, and the gate refuses it.

    `is_repeat`: the SDK says that it sent this call before, and got no answer.
    """

    language: str
    use_case: str
    channel: str | None
    territory: str | None
    is_repeat: bool = False


def read_terms(request: Request, caller: Caller, *, language: str | None = None) -> ProxyTerms:
    """Return the terms. `language` is what the provider's own field says.

    Raises Invalid: `use_case_required`, `channel_unknown`, `territory_unknown`.
    """
    headers = request.headers
    return ProxyTerms(
        language=language or headers.get("Sayso-Language") or caller.default_language or "",
        use_case=_require_use_case(headers.get("Sayso-Use-Case") or caller.default_use_case),
        channel=resolve_place(headers.get("Sayso-Channel"), caller.default_channel, "channel"),
        territory=resolve_place(
            headers.get("Sayso-Territory"), caller.default_territory, "territory"
        ),
        is_repeat=bool(_REPEATED.fullmatch(headers.get(REPEAT_COUNT, ""))),
    )


def _require_use_case(named: str | None) -> str:
    if not named:
        detail = "Name the use case in the header `Sayso-Use-Case`, or give the key a default."
        fault = Fault(code="use_case_required", detail=detail, attr="Sayso-Use-Case")
        raise Invalid(detail, faults=(fault,))

    return named


def read_consent_id(request: Request, texts: Iterable[str]) -> str:
    """Return the consent of a clone: the header `Sayso-Consent`, or the token `sayso:con_…` in one
    of the `texts` of the call (tags, labels, description).

    A consent in the base address comes as that header.

    Raises Invalid without one, or with two.
    """
    named: set[str] = {found for text in texts for found in _CONSENT.findall(text)}
    if header := request.headers.get("Sayso-Consent"):
        # A header that stands twice comes as one, with a comma.
        named |= {one.strip() for one in header.split(",")}
    if len(named) != 1:
        detail = (
            "Name one consent: in the header `Sayso-Consent`, in the base address as "
            "`…/consent/con_…`, or as `sayso:con_…` among the tags, the labels or in the "
            "description."
        )
        raise Invalid(
            detail, faults=(Fault(code="consent_required", detail=detail, attr="consent"),)
        )

    return named.pop()


def remove_consent_token(text: str) -> str:
    """Return a text without the token of the consent, as it is kept."""
    return _CONSENT.sub("", text).strip()
