"""What the page of a link's state says, once a request was answered or can be answered no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise, StrPromise


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The page of one state: a sign, what happened, and one next step.

    `{organisation}` is filled in.
    """

    sign: str
    tone: str
    title: StrPromise
    lead: StrPromise
    next: StrOrPromise


ENDINGS: Final[Mapping[str, Ending]] = {
    "active": Ending(
        sign="✓",
        tone="good",
        title=_("You have signed"),
        lead=_("Thank you. Your answer is recorded, and your limits hold from now on."),
        next="",
    ),
    "suspended": Ending(
        sign="‖",
        tone="warn",
        title=_("On hold"),
        lead=_("You signed this, and it is on hold: your voice is not used until that ends."),
        next=_("Ask {organisation} why, or withdraw below."),
    ),
    "declined": Ending(
        sign="✓",
        tone="plain",
        title=_("You said no"),
        lead=_("No voice model is made. {organisation} finds your answer in its list."),
        next=_(
            "There is nothing else to do. If you change your mind, ask {organisation} for a new "
            "link."
        ),
    ),
    "not_me": Ending(
        sign="✓",
        tone="plain",
        title=_("Thank you for telling us"),
        lead=_(
            "You said that this was not meant for you. The link no longer works, and nothing was "
            "agreed."
        ),
        next=_(
            "{organisation} finds in its list that the link reached another person. You need do "
            "nothing else."
        ),
    ),
    "lapsed": Ending(
        sign="–",
        tone="warn",
        title=_("This link has run out"),
        lead=_("The request was not answered in time, or it was called back. Nothing was agreed."),
        next=_("If you still want to answer, ask {organisation} for a new link."),
    ),
    "rejected": Ending(
        sign="–",
        tone="warn",
        title=_("This did not come about"),
        lead=_("The answer could not be accepted, so nothing is agreed."),
        next=_("{organisation} can tell you why and send a new link."),
    ),
    "withdrawn": Ending(
        sign="✓",
        tone="good",
        title=_("You have stopped it"),
        lead=_(
            "The consent is withdrawn. From that moment on no new audio is made with your voice."
        ),
        next=_(
            "The voice model is deleted, at the voice provider too. If you also want to be "
            "erased, write to {organisation}."
        ),
    ),
    "expired": Ending(
        sign="–",
        tone="plain",
        title=_("This has ended on its date"),
        lead=_("The time that you agreed to is over. No new audio is made with your voice."),
        next=_(
            "It is never renewed without asking you. If anything is unclear, ask {organisation}."
        ),
    ),
    "invalidated": Ending(
        sign="✕",
        tone="bad",
        title=_("Declared invalid"),
        lead=_("This consent was found not to be valid. Your voice is no longer used."),
        next=_("Ask {organisation} what was wrong."),
    ),
    "terminated": Ending(
        sign="–",
        tone="plain",
        title=_("Ended"),
        lead=_("{organisation} has ended this. No new audio is made with your voice."),
        next=_("If anything is unclear, ask {organisation}."),
    ),
    "superseded": Ending(
        sign="→",
        tone="plain",
        title=_("A newer one has taken its place"),
        lead=_("You signed a newer request, and that one counts."),
        next=_("Open the link of the newer request to see it or to stop it."),
    ),
    "erased": Ending(
        sign="✓",
        tone="good",
        title=_("You have been erased"),
        lead=_(
            "The key to everything personal about you is destroyed, or is being destroyed. Your "
            "name, your address and what you signed cannot be read here any more."
        ),
        next=_("{organisation} can give you the certificate."),
    ),
    "unknown": Ending(
        sign="?",
        tone="warn",
        title=_("We do not know this link"),
        lead=_("Perhaps a part of it was lost when it was copied."),
        next=_(
            "Open it again from the message that you received. If that does not help, ask the "
            "person who sent it."
        ),
    ),
    "elsewhere": Ending(
        sign="!",
        tone="warn",
        title=_("This page is not enough"),
        lead=_(
            "The request asks for a stronger proof than a typed name, and this page cannot give it."
        ),
        next=_("Nothing was signed. Ask {organisation} how to go on."),
    ),
}
"""By the state of a consent, and by three things that are no state."""
