"""Letters: the words in which a signing link reaches a person, in the language of the request. Nothing tracks."""

from __future__ import annotations

from accounts import contact
from consent.models import Consent
from consent.paper import words
from core.delivery.letters import Letter, one_line


def signing_letter(consent: Consent, *, to: str, name: str, link: str, reference: str, short: bool) -> Letter:
    """Write the letter with the link of a request. `short` is for phones."""
    locale = consent.notice_version.locale
    say = words.table(locale)["letter"]
    organisation = one_line(consent.organisation.name)
    reached = contact.of(consent.organisation).contact
    own = {
        "organisation": organisation,
        "name": one_line(name),
        "contact": one_line(reached) or organisation,
        "link": link,
        "until": words.moment(consent.link_expires_at, locale),
    }
    body = say["short"] if short else "\n\n".join(say["paragraphs"])
    return Letter(to=to, subject=say["subject"].format(**own), text=body.format(**own), reference=reference)
