"""How a person signs behind the link that they got."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client


def sign(link: str, made: dict[str, Any], name: str = "Ana María Gómez") -> int:
    """Sign on the real page as the person does: open it, tick, type the name, press."""
    browser, path = Client(), "/sign/" + link.rpartition("/")[2]
    page = browser.get(path).content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    form = {**hidden, "ticked": [made["grants"][0]["id"]], "name_typed": name, "advice": "none"}
    return browser.post(path, form).status_code
