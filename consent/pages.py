"""The signing pages: what a person sees behind their link, before and after they answer. No script, no account.

The link's token stands in the path and nowhere else: pages are not stored, and pass their address on to nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_safe

from consent import links, receipts, sign_page, wording
from consent.errors import AssuranceUnavailable
from consent.life import requests, signing, snapshots
from consent.life.signing import LinkEnded, LinkUnknown, Page, SigningView
from consent.links import Standing
from consent.rules.states import State
from consent.sign_page import Entered, Kept
from consent.wording import Words
from core import canonical, clock, pages
from core.errors import Invalid

SHOWN_HASH: Final = 12
# States that look the same from outside.
_AS: Final[Mapping[State, str]] = {State.CAPTURED: "active", State.ERASING: "erased"}


@pages.from_own_pages
@require_http_methods(["GET", "HEAD", "POST"])
@pages.private
def sign(request: HttpRequest, token: str) -> HttpResponse:
    """Show the request; on POST sign it. Whatever has happened to it already shows as a page of its own."""
    at = links.now(token, real=clock.now())
    try:
        if request.method == "POST":
            return _sign(request, token)
        return _request(request, token, signing.find(token, at=at))
    except LinkEnded:
        return _ended(request, token)
    except LinkUnknown:
        return _unknown(request, token)
    except AssuranceUnavailable:
        return _ended(request, token, ending="elsewhere", status=422)


@require_safe
@pages.private
def without_link(request: HttpRequest) -> HttpResponse:
    """Tell a visitor who came without a link to open the one that was sent."""
    return _unknown(request, "")


@pages.from_own_pages
@require_http_methods(["GET", "HEAD", "POST"])
@pages.private
def decline(request: HttpRequest, token: str) -> HttpResponse:
    """Say no, with a reason or without. A second no, or one that comes too late, shows how things stand.

    Opened by its address, it shows the page with the button: looking changes nothing.
    """
    if request.method != "POST":
        return _back(token)
    try:
        signing.decline(token, reason=request.POST.get("reason", ""), at=links.now(token, real=clock.now()))
    except LinkUnknown:
        return _unknown(request, token)
    except LinkEnded:
        pass  # the page that follows says what became of it
    return _back(token)


@pages.from_own_pages
@require_http_methods(["GET", "HEAD", "POST"])
@pages.private
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    """End it, in this one step. Opened by its address, it shows the page with the button."""
    if request.method != "POST":
        return _back(token)
    try:
        links.withdraw(token, at=links.now(token, real=clock.now()))
    except LinkUnknown:
        return _unknown(request, token)
    return _back(token)


@require_safe
@pages.private
def receipt(request: HttpRequest, token: str, kind: str) -> HttpResponse:
    """Give the person their copy, to read or for computers."""
    at = links.now(token, real=clock.now())
    try:
        consent = links.signed(token)
    except LinkUnknown:
        return _unknown(request, token, status=404)
    if kind == "pdf":
        data = receipts.as_pdf(consent, at=at, link=requests.address_of(token))
        media_type = "application/pdf"
    else:
        data, media_type = canonical.dump(receipts.as_json(consent, at=at)), "application/json"
    headers = {"Content-Disposition": f'attachment; filename="{consent.id}.receipt.{kind}"'}
    return HttpResponse(data, content_type=media_type, headers=headers)


def _sign(request: HttpRequest, token: str) -> HttpResponse:
    agent = request.headers.get("User-Agent", "")
    at = links.now(token, real=clock.now())
    view = signing.find(token, at=at)
    snapshot = sign_page.snapshot(view, token=token)
    try:
        if view.assurance in signing.SIGNED_HERE and not snapshot.is_named_by(request.POST.get(snapshots.FIELD, "")):
            raise signing.page_changed()
        signing.sign(
            token,
            name_typed=request.POST.get("name_typed", "")[:200],
            ticked=tuple(dict.fromkeys(request.POST.getlist("ticked")[:100])),
            advice=request.POST.get("advice", "")[:16],
            user_agent_sha256=hashlib.sha256(agent.encode()).hexdigest() if agent else "",
            page=Page(view=view, snapshot=snapshot),
            at=at,
        )
    except AssuranceUnavailable:
        raise
    except Invalid as invalid:
        return _request(request, token, signing.find(token, at=at), invalid)
    return _back(token)


def _request(request: HttpRequest, token: str, view: SigningView, invalid: Invalid | None = None) -> HttpResponse:
    """The request with its boxes, empty at first; after a mistake with what was entered, and what is missing."""
    if invalid is None:
        return HttpResponse(sign_page.snapshot(view, token=token).html)
    entered = Entered(
        ticked=tuple(request.POST.getlist("ticked")),
        name_typed=request.POST.get("name_typed", ""),
        advice=request.POST.get("advice", ""),
    )
    return HttpResponse(sign_page.with_faults(view, token=token, entered=entered, invalid=invalid), status=422)


def _ended(request: HttpRequest, token: str, *, ending: str = "", status: int = 200) -> HttpResponse:
    """The page of an end state: what happened, whom to ask, and, while it stands, the way to stop it."""
    standing = links.standing(token, at=links.now(token, real=clock.now()))
    language = pages.language_of(standing.locale)
    words = wording.ALL[language]
    if standing.not_me and standing.state is State.DECLINED:
        ending = "not_me"
    end = words.endings[ending or _AS.get(standing.state, standing.state)]
    own = {"organisation": pages.isolated(standing.organisation)}
    shown = {
        "lang": language,
        "words": words,
        "standing": standing,
        "token": token,
        "sign": end.sign,
        "tone": end.tone,
        "title": end.title.format(organisation=standing.organisation),
        "lead": format_html(end.lead, **own),
        "next": format_html(end.next, **own),
        "next_steps": tuple(format_html(step, **own) for step in words.next_steps),
        "contact": sign_page.reachable(standing.contact),
        "kept": _kept(standing, token, words),
        "agreed": tuple(
            (one, tuple(sign_page.label_and_rest(sentence) for sentence in one.sentences)) for one in standing.agreed
        ),
        "agreed_to": words.agreed_to if standing.may_withdraw else words.had_agreed_to,
        "is_active": standing.state in {State.ACTIVE, State.CAPTURED} and not ending,
        **_dates(standing, language),
    }
    return render(request, "consent/ended.html", shown, status=status)


def _kept(standing: Standing, token: str, words: Words) -> Kept | None:
    if standing.signed_at is None:
        return None
    return sign_page.kept(token, subject=words.keep_subject.format(organisation=standing.organisation))


def _dates(standing: Standing, language: pages.Language) -> dict[str, str]:
    ended = standing.ended_at if not standing.may_withdraw else None
    return {
        "signed_on": pages.moment(standing.signed_at, language) if standing.signed_at else "",
        "valid_until": pages.moment(standing.valid_until, language) if standing.valid_until else "",
        "ended_on": pages.moment(ended, language) if ended else "",
        "fingerprint": standing.record_sha256[:SHOWN_HASH],
    }


def _unknown(request: HttpRequest, token: str, *, status: int = 200) -> HttpResponse:
    """The page of a link that opens no request: of an erased person's, or of none that was ever made."""
    if links.is_of_the_erased(token):
        return _ended(request, token, status=status)
    language = pages.readers_language()
    words = wording.ALL[language]
    end = words.endings["unknown"]
    shown = {"lang": language, "words": words, "sign": end.sign, "tone": end.tone, "title": end.title, "lead": end.lead}
    return render(request, "consent/ended.html", {**shown, "next": end.next}, status=404)


def _back(token: str) -> HttpResponse:
    """To the page that says how things stand now; a reload of that one sends nothing twice."""
    answer = HttpResponseRedirect(reverse("sign", args=[token]))
    answer.status_code = 303
    return answer
