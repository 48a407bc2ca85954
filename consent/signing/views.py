"""The signing pages: what a person sees behind their link, before and after they answer.

No script, no account.

The link's token stands in the path and nowhere else. Pages are not stored, and pass their address
on to no other site.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from consent import consent_receipts
from consent.documents import provider_wording
from consent.errors import AssuranceUnavailable
from consent.lifecycle import signing_links
from consent.policy.state_machine import ConsentState
from consent.signing import ceremony, endings, links, page_renderer, page_snapshots
from consent.signing.ceremony import Page, SigningView
from consent.signing.links import LinkStatus
from consent.signing.open_requests import LinkEnded, LinkNotFound
from consent.signing.page_renderer import Entered, Kept
from core import canonical_json, clock, web
from core.errors import Invalid

SHOWN_HASH: Final = 12
MOST_TYPED: Final = 1000
"""Characters of a typed name that are read: a name of 200, taken apart into letters and marks."""
# States that look the same from outside.
_AS: Final[Mapping[ConsentState, str]] = {
    ConsentState.CAPTURED: "active",
    ConsentState.ERASING: "erased",
}


@web.accept_own_forms
@require_http_methods(["GET", "HEAD", "POST"])
@web.keep_private
def show_signing_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show the request, or sign it on POST.

    Whatever has happened to it already shows as a page of its own.
    """
    at = links.get_link_time(token, wall_time=clock.now())
    try:
        if request.method == "POST":
            return _submit_answer(request, token)
        return _show_request(request, token, ceremony.get_signing_view(token, at=at))
    except LinkEnded:
        return _show_end_state(request, token)
    except LinkNotFound:
        return _show_unknown_link(request, token)
    except AssuranceUnavailable:
        return _show_end_state(request, token, ending="elsewhere", status=422)


@require_safe
@web.keep_private
def show_missing_link(request: HttpRequest) -> HttpResponse:
    """Ask a visitor who came without a link to open the one that was sent."""
    return _show_unknown_link(request, "")


@web.accept_own_forms
@require_http_methods(["GET", "HEAD", "POST"])
@web.keep_private
def decline_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Decline, with a reason or without.

    A second no, or one that comes too late, shows how things stand.

    Opened by its address, it shows the page with the button: looking changes nothing.
    """
    if request.method != "POST":
        return _redirect_to_signing(token)
    try:
        ceremony.decline_request(
            token,
            reason=request.POST.get("reason", ""),
            at=links.get_link_time(token, wall_time=clock.now()),
        )
    except LinkNotFound:
        return _show_unknown_link(request, token)
    except LinkEnded:
        pass  # the page that follows says what became of it
    return _redirect_to_signing(token)


@web.accept_own_forms
@require_http_methods(["GET", "HEAD", "POST"])
@web.keep_private
def withdraw_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Withdraw the consent on POST, in this one step. A GET is redirected to the page with the
    button.
    """
    if request.method != "POST":
        return _redirect_to_signing(token)
    try:
        links.withdraw_signed_consent(token, at=links.get_link_time(token, wall_time=clock.now()))
    except LinkNotFound:
        return _show_unknown_link(request, token)
    return _redirect_to_signing(token)


@require_safe
@web.keep_private
def download_receipt(request: HttpRequest, token: str, kind: str) -> HttpResponse:
    """Return the person's copy, to read or for computers."""
    at = links.get_link_time(token, wall_time=clock.now())
    try:
        consent = links.get_signed_consent(token)
    except LinkNotFound:
        return _show_unknown_link(request, token, status=404)
    if kind == "pdf":
        data = consent_receipts.receipt_to_pdf(
            consent, at=at, link=signing_links.signing_page_address(token)
        )
        media_type = "application/pdf"
    else:
        data, media_type = (
            canonical_json.dump(consent_receipts.receipt_to_json(consent, at=at)),
            "application/json",
        )
    headers = {"Content-Disposition": f'attachment; filename="{consent.id}.receipt.{kind}"'}
    return HttpResponse(data, content_type=media_type, headers=headers)


def _submit_answer(request: HttpRequest, token: str) -> HttpResponse:
    agent = request.headers.get("User-Agent", "")
    at = links.get_link_time(token, wall_time=clock.now())
    view = ceremony.get_signing_view(token, at=at)
    snapshot = page_renderer.draw_snapshot(view, token=token)
    try:
        if view.assurance in ceremony.SIGNED_HERE and not snapshot.is_named_by(
            request.POST.get(page_snapshots.FIELD, "")
        ):
            raise ceremony.page_changed_error()
        ceremony.sign_consent(
            token,
            name_typed=request.POST.get("name_typed", "")[:MOST_TYPED],
            ticked=tuple(dict.fromkeys(request.POST.getlist("ticked")[:100])),
            advice=request.POST.get("advice", "")[:16],
            user_agent_sha256=hashlib.sha256(agent.encode()).hexdigest() if agent else "",
            page=Page(view=view, snapshot=snapshot),
            at=at,
        )
    except AssuranceUnavailable:
        raise
    except Invalid as invalid:
        return _show_request(request, token, ceremony.get_signing_view(token, at=at), invalid)
    return _redirect_to_signing(token)


def _show_request(
    request: HttpRequest, token: str, view: SigningView, invalid: Invalid | None = None
) -> HttpResponse:
    """Show the request with its boxes, empty at first. After a mistake they hold what was entered,
    beside what is missing.
    """
    if invalid is None:
        return HttpResponse(page_renderer.draw_snapshot(view, token=token).html)
    entered = Entered(
        ticked=tuple(request.POST.getlist("ticked")),
        name_typed=request.POST.get("name_typed", ""),
        advice=request.POST.get("advice", ""),
    )
    return HttpResponse(
        page_renderer.draw_with_faults(view, token=token, entered=entered, invalid=invalid),
        status=422,
    )


def _show_end_state(
    request: HttpRequest, token: str, *, ending: str = "", status: int = 200
) -> HttpResponse:
    """Show the page of an end state: what happened, whom to ask, and, while the consent is active,
    the way to withdraw.
    """
    link = links.get_link_status(token, at=links.get_link_time(token, wall_time=clock.now()))
    if link.not_me and link.state is ConsentState.DECLINED:
        ending = "not_me"
    ending = ending or _AS.get(link.state, link.state)
    # The page speaks the language of the request, whatever its reader's browser asks for.
    with translation.override(web.match_language(link.locale)):
        shown = _word_end_state(link, token, ending)
        return render(request, "consent/ended.html", shown, status=status)


def _word_end_state(link: LinkStatus, token: str, ending: str) -> dict[str, Any]:
    """Return what the page shows, in the language that is active."""
    end, organisation = endings.ENDINGS[ending], web.isolate_name(link.organisation)
    return {
        "lang": web.readers_language(),
        "organisation": organisation,
        "link": link,
        "token": token,
        "sign": end.sign,
        "tone": end.tone,
        "title": end.title.format(organisation=link.organisation),
        "lead": format_html(str(end.lead), organisation=organisation),
        "next": format_html(str(end.next), organisation=organisation),
        "contact": page_renderer.list_contact_lines(link.contact),
        "kept": _build_link_copies(link, token),
        "agreed": tuple(
            (one, tuple(page_renderer.split_label(sentence) for sentence in one.sentences))
            for one in link.agreed
        ),
        "provider_words": provider_wording.load_provider_words(link.locale),
        "providers": page_renderer.list_provider_lines(link.providers),
        "is_active": ending == "active",
        **_format_dates(link),
    }


def _build_link_copies(link: LinkStatus, token: str) -> Kept | None:
    if link.signed_at is None:
        return None
    subject = gettext("My voice and {organisation}").format(organisation=link.organisation)
    return page_renderer.build_link_copies(token, subject=subject)


def _format_dates(link: LinkStatus) -> dict[str, str]:
    language = web.readers_language()
    ended = link.ended_at if not link.may_withdraw else None
    return {
        "signed_on": web.format_moment(link.signed_at, language) if link.signed_at else "",
        "valid_until": web.format_moment(link.valid_until, language) if link.valid_until else "",
        "ended_on": web.format_moment(ended, language) if ended else "",
        "fingerprint": link.record_sha256[:SHOWN_HASH],
    }


def _show_unknown_link(request: HttpRequest, token: str, *, status: int = 200) -> HttpResponse:
    """Show the page of a link that opens no request: an erased person's link, or one that never
    existed.
    """
    if links.is_link_of_erased(token):
        return _show_end_state(request, token, status=status)
    end = endings.ENDINGS["unknown"]
    shown = {
        "lang": web.readers_language(),
        "sign": end.sign,
        "tone": end.tone,
        "title": end.title,
        "lead": end.lead,
        "next": end.next,
    }
    return render(request, "consent/ended.html", shown, status=404)


def _redirect_to_signing(token: str) -> HttpResponse:
    """Redirect to the page that shows how things stand. A reload sends nothing twice."""
    answer = HttpResponseRedirect(reverse("sign", args=[token]))
    answer.status_code = 303
    return answer
