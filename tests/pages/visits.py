"""How the tests visit a signing page: its path, its answers, its words."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from consent.life.requests import Requested
from consent.models import Consent, Grant


def path_of(request: Requested) -> str:
    return "/sign/" + request.signing_url.rpartition("/")[2]


def grants_of(request: Requested) -> list[Grant]:
    return list(request.consent.grants.order_by("position"))


def answer(*ticked: Grant, name: str = "Ada Example", advice: str = "none") -> dict[str, object]:
    return {"ticked": [grant.id for grant in ticked], "name_typed": name, "advice": advice}


def sign(visitor: Client, request: Requested) -> Any:
    return visitor.post(path_of(request), answer(*grants_of(request)))


def text_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def state_of(request: Requested) -> str:
    return Consent.objects.get(id=request.consent.id).state
