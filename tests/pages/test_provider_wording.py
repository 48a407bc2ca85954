"""What a person reads of each provider: on the page, in the notice, and on their copy."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from consent import consent_receipts, services
from consent.documents import provider_wording
from consent.lifecycle.consent_requests import ConsentRequest
from consent.models import Consent, Evidence
from consent.policy import providers
from core import clock
from core.pdf_blocks import Heading, Passage
from tests.conftest import NOON
from tests.fixtures.consents import MakeRequest
from tests.support.signing_pages import path_of, sign, text_of
from vault import blobs

pytestmark = pytest.mark.django_db

INWORLD = (
    "Country: the United States.",
    "Keeps: the voice model (for how long is not stated).",
    "Terms: https://inworld.ai/terms (no one has read them for this request yet)",
)


def told(code: str, locale: str = "en", **changes: Any) -> tuple[str, ...]:
    """What is said of a provider, with changed facts."""
    facts = replace(providers.PROVIDERS[code], **changes)
    (shown,) = provider_wording.describe_providers([facts], locale)
    return shown.sentences


class TestTheSentences:
    def test_say_country_what_is_kept_and_that_no_one_read_the_terms(self) -> None:
        assert told("inworld") == INWORLD

    def test_say_for_how_long(self) -> None:
        assert told("tensorone")[:2] == (
            "Country: not stated.",
            "Keeps: the voice model (for 90 days, longer only if it is renewed there).",
        )
        assert told("local", "de") == (
            "Läuft auf: Servern dieses Dienstes.",
            (
                "Behält: Aufnahmen von Ihnen (bis Ihre Zustimmung endet); das Stimmmodell (bis "
                "Ihre Zustimmung endet)."
            ),
        )

    def test_say_on_which_day_the_terms_were_read(self) -> None:
        assert told("inworld", terms_read="2026-03-02")[2] == (
            "Terms: https://inworld.ai/terms (read on 2 March 2026)"
        )
        assert told("inworld", "de", terms_read="2026-03-02")[2].endswith(
            "(gelesen am 2. März 2026)"
        )

    def test_say_of_own_servers_that_they_are(self) -> None:
        assert told("localai")[0] == "Runs on: the organisation's own servers."
        assert not any("Country" in line for line in told("localai"))

    def test_say_what_is_not_stated(self) -> None:
        assert told("generic") == (
            "Country: not stated.",
            "Keeps: what and for how long is not stated.",
        )

    @pytest.mark.parametrize("locale", ["en", "de"])
    @pytest.mark.parametrize("code", sorted(providers.PROVIDERS))
    def test_are_there_for_every_provider(self, code: str, locale: str) -> None:
        lines = told(code, locale)
        assert any(line.startswith(("Keeps: ", "Behält: ")) for line in lines)
        assert any(
            line.startswith(("Country: ", "Land: ", "Runs on: ", "Läuft auf: ")) for line in lines
        )
        assert bool(providers.PROVIDERS[code].terms) is any("https://" in line for line in lines)

    def test_have_words_for_every_code(self) -> None:
        for locale in ("en", "de"):
            words = provider_wording.load_provider_words(locale)
            assert words["what"].keys() == set(providers.KEPT)
            assert words["runs"].keys() == set(providers.RUNS)


@pytest.fixture
def asked(make_request: MakeRequest) -> ConsentRequest:
    """A request for Inworld and the built-in engine."""
    return make_request(at=clock.now(), providers=["inworld", "local"])


class TestThePage:
    def test_names_each_provider_beside_the_request_and_in_the_notice(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        text = text_of(visitor.get(path_of(asked)))
        for part in ("Who makes the voice", "The built-in engine of this service"):
            assert part in text
        for part in ("Inworld AI", "https://inworld.ai/terms", "for how long is not stated"):
            assert text.count(part) == 2
        assert "OpenAI" not in text

    def test_is_kept_with_the_sentences(self, visitor: Client, asked: ConsentRequest) -> None:
        sign(visitor, asked)
        kept = json.loads(
            blobs.get_blob(Evidence.objects.get(consent=asked.consent, kind="page").blob)
        )
        assert [one["code"] for one in kept["providers"]] == ["inworld", "local"]
        assert tuple(kept["providers"][0]["sentences"]) == INWORLD
        assert "https://inworld.ai/terms" in kept["page"]

    def test_shows_another_request_after_the_facts_have_changed(
        self,
        visitor: Client,
        asked: ConsentRequest,
        change_facts: Callable[..., None],
    ) -> None:
        seen = visitor.get(path_of(asked)).content
        change_facts("inworld", country="FR")
        assert visitor.get(path_of(asked)).content != seen

    def test_after_signing_names_those_that_are_left(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        sign(visitor, asked)
        assert "Inworld AI" in text_of(visitor.get(path_of(asked)))
        services.narrow_consent(
            asked.consent.id,
            providers=["local"],
            organisation_id=asked.consent.organisation_id,
            livemode=asked.consent.livemode,
            actor="system:test",
            at=clock.now(),
        )
        text = text_of(visitor.get(path_of(asked)))
        assert "The built-in engine of this service" in text
        assert "Inworld AI" not in text


@pytest.fixture
def change_facts(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes the facts of a provider, as a later release may."""

    def change(code: str, **changes: Any) -> None:
        facts = replace(providers.PROVIDERS[code], **changes)
        later = {**providers.PROVIDERS, code: facts}
        monkeypatch.setattr(providers, "PROVIDERS", later)
        monkeypatch.setattr("consent.signing.view_model.PROVIDERS", later)

    return change


class TestTheCopy:
    def test_says_what_was_signed_whatever_is_known_later(
        self, visitor: Client, asked: ConsentRequest, change_facts: Callable[..., None]
    ) -> None:
        sign(visitor, asked)
        change_facts("inworld", country="FR", terms=None)
        consent = Consent.objects.get(id=asked.consent.id)
        receipt: dict[str, Any] = dict(consent_receipts.receipt_to_json(consent))
        first, second = receipt["providers_in_words"]
        assert first == {"code": "inworld", "name": "Inworld AI", "sentences": list(INWORLD)}
        assert second["code"] == "local"

    def test_on_paper_names_each_with_every_sentence(
        self, visitor: Client, asked: ConsentRequest
    ) -> None:
        sign(visitor, asked)
        consent = Consent.objects.get(id=asked.consent.id)
        blocks = list(consent_receipts._receipt_blocks(consent, consent.state_at(NOON)))
        headings = [block.text for block in blocks if isinstance(block, Heading)]
        at = headings.index("Who makes the voice")
        assert headings[at + 1 : at + 3] == ["Inworld AI", "The built-in engine of this service"]
        printed = {block.text for block in blocks if isinstance(block, Passage)}
        assert printed >= set(INWORLD)
        assert consent_receipts.receipt_to_pdf(consent).startswith(b"%PDF-")
