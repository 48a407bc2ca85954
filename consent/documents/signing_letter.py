"""Letters with a signing link, in the language of the request. They hold nothing that tracks."""

from __future__ import annotations

from accounts import contact_details
from consent.documents import plain_language
from consent.models import Consent
from core.delivery.letters import Letter, to_one_line


def write_signing_letter(
    consent: Consent, *, to: str, name: str, link: str, reference: str, short: bool
) -> Letter:
    """Return the letter with the link of a request. `short` is for phones."""
    locale = consent.notice_version.locale
    say = plain_language.load_words(locale)["letter"]
    organisation = to_one_line(consent.organisation.name)
    reached = contact_details.get_contact(consent.organisation).contact
    own = {
        "organisation": organisation,
        "name": to_one_line(name),
        "contact": to_one_line(reached) or organisation,
        "link": link,
        "until": plain_language.describe_moment(consent.link_expires_at, locale),
    }

    body = say["short"] if short else "\n\n".join(say["paragraphs"])
    return Letter(
        to=to, subject=say["subject"].format(**own), text=body.format(**own), reference=reference
    )
