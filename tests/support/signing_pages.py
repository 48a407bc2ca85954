"""How the tests visit a signing page: its path, its answers, its words."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from consent.lifecycle.consent_requests import ConsentRequest
from consent.models import Consent, Grant


def path_of(request: ConsentRequest) -> str:
    assert request.signing_url is not None
    return "/sign/" + request.signing_url.rpartition("/")[2]


def grants_of(request: ConsentRequest) -> list[Grant]:
    return list(request.consent.grants.order_by("position"))


def answer(*ticked: Grant, name: str = "Ada Example", advice: str = "none") -> dict[str, object]:
    return {"ticked": [grant.id for grant in ticked], "name_typed": name, "advice": advice}


def page_of(visitor: Client, request: ConsentRequest) -> dict[str, str]:
    """The hidden field of the open request, as a browser sends it back."""
    found = re.search(
        r'name="(page_sha256)" value="([0-9a-f]{64})"',
        visitor.get(path_of(request)).content.decode(),
    )
    return {found[1]: found[2]} if found else {}


def send(
    visitor: Client, request: ConsentRequest, answered: dict[str, object], *, agent: str = ""
) -> Any:
    """Open the request and send an answer to it."""
    filled = {**page_of(visitor, request), **answered}
    return visitor.post(path_of(request), filled, HTTP_USER_AGENT=agent)


def sign(visitor: Client, request: ConsentRequest) -> Any:
    return send(visitor, request, answer(*grants_of(request)))


def text_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def state_of(request: ConsentRequest) -> str:
    return Consent.objects.get(id=request.consent.id).state
