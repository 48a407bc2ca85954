"""Signing on the real page as a browser without JavaScript: fetch the form, fill it in, post it."""

from __future__ import annotations

from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from config.demo.server import DemoFailed

TIMEOUT: Final = 30.0


class SigningForm(HTMLParser):
    """Collects the hidden fields, boxes and choices of the page's first form."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.ticks: list[tuple[str, str]] = []
        self.choices: dict[str, list[str]] = {}
        self.action = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Store the form or a field of it."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = found.get("action", "")
            self._inside = True
        if tag != "input" or not self._inside:
            return

        name = found.get("name", "")
        value = found.get("value", "on")
        match found.get("type"):
            case "hidden":
                self.hidden[name] = value
            case "checkbox":
                self.ticks.append((name, value))
            case "radio":
                self.choices.setdefault(name, []).append(value)

    def handle_endtag(self, tag: str) -> None:
        """Note that the form ends."""
        if tag == "form":
            self._inside = False


def sign_on_the_page(link: str, *, name: str, advice: str) -> None:
    """Open the one-time link, tick every purpose, choose `advice`, type the name, and sign.

    Raises DemoFailed when the page refuses.
    """
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    form = SigningForm()
    form.feed(_send_form(browser, Request(link)))  # noqa: S310 - the link comes from our own server
    fields = [*form.hidden.items(), *form.ticks, ("advice", advice), ("name_typed", name)]
    origin = link.split("/sign/", 1)[0]
    post = Request(  # noqa: S310 - the link comes from our own server
        origin + form.action,
        data=urlencode(fields).encode(),
        headers={"Referer": link, "Origin": origin},
    )
    _send_form(browser, post)


def _send_form(browser: OpenerDirector, request: Request) -> str:
    try:
        with browser.open(request, timeout=TIMEOUT) as answer:
            text: str = answer.read().decode()
    except HTTPError as error:
        error.close()
        raise DemoFailed(f"\nThe demo stopped: the signing page answered {error.code}") from None

    return text
