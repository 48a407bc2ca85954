"""On paper everything is read: no word of a page is hidden in what is folded, cut off at an edge,
or a button.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from consent.lifecycle.consent_requests import ConsentRequest
from core import clock
from tests.browser.test_admin import open_page
from tests.browser.test_signing import open_link, sign, with_contact
from tests.browser.test_verify import check_file
from tests.core.test_pdf_paper import ran
from tests.fixtures.consents import AUDIOBOOKS, MUSEUM, MakeRequest
from tests.fixtures.organisations import MakeMember
from tests.voices.conftest import AUDIO
from voices.models import Voice

TEXTS = """() => {
    const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const left_out = "button, .row, .tongue, .no-paper, script, style, title, desc, svg,"
            + ".progress, .drop";
        if (!walk.currentNode.parentElement.closest(left_out)) found.push(walk.currentNode.data);
    }
    return found;
}"""


def bare(text: str) -> str:
    """Letters and signs alone: lines break elsewhere on paper."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(one for one in plain if not one.isspace() and unicodedata.category(one) != "Cf")


def lost_on_paper(page: Page, folder: Path) -> list[str]:
    """Print the page, and give every text of it that the paper does not have."""
    paper = bare(ran("pdftotext", page.pdf(format="A4"), folder, "-raw"))
    return [text.strip() for text in page.evaluate(TEXTS) if bare(text) not in paper]


def refuse_ragged_facts(page: Page) -> None:
    """On A4, every fact of a list that has one for paper alone begins in the same column."""
    page.set_viewport_size({"width": 794, "height": 1123})
    page.emulate_media(media="print")
    facts = page.locator("dl.facts:has(> .on-paper) > div > dd")
    places = facts.evaluate_all(
        "facts => facts.map(fact => Math.round(fact.getBoundingClientRect().left))"
    )
    assert len(places) > 1
    assert len(set(places)) == 1


@pytest.fixture
def asked(make_request: MakeRequest) -> ConsentRequest:
    return with_contact(
        make_request(grants=(AUDIOBOOKS, {**MUSEUM, "territories": ["*"]}), at=clock.now())
    )


class TestTheRequest:
    def test_and_its_answer_lose_no_word_on_paper(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest, tmp_path: Path
    ) -> None:
        open_link(page, live_server, asked)
        assert page.locator("details[open]").count() == 0
        assert lost_on_paper(page, tmp_path) == []
        paper = ran("pdftotext", page.pdf(format="A4"), tmp_path, "-raw")
        assert paper.count("☐") == 5  # two purposes and three answers about advice
        assert bare(str(asked.signing_url)) in bare(paper)
        assert bare("You can stop it at any time") in bare(paper)
        assert "I say no" not in paper
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.emulate_media(media="screen")

        sign(page)
        assert lost_on_paper(page, tmp_path) == []
        assert bare(str(asked.signing_url)) in bare(
            ran("pdftotext", page.pdf(format="A4"), tmp_path, "-raw")
        )

        page.get_by_role("button", name="Withdraw my consent now").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("You have stopped it")
        assert lost_on_paper(page, tmp_path) == []

    def test_begins_with_what_was_agreed_to_once_it_is_signed(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest, tmp_path: Path
    ) -> None:
        open_link(page, live_server, asked)
        sign(page)

        first = ran("pdftotext", page.pdf(format="A4", page_ranges="1"), tmp_path, "-raw")

        assert "You agreed to" in first
        assert "Narration of the novel" in first


class TestAFactForPaperAlone:
    def test_stands_in_the_columns_of_a_requests_facts(
        self, page: Page, live_server: LiveServer, asked: ConsentRequest
    ) -> None:
        open_link(page, live_server, asked)
        refuse_ragged_facts(page)

    def test_stands_in_the_columns_of_an_answers_facts(
        self, page: Page, live_server: LiveServer
    ) -> None:
        check_file(page, live_server, AUDIO / "librivox-austen-0880.wav", "Not found")
        refuse_ragged_facts(page)


class TestAListOfTheAdmin:
    def test_loses_no_cell_on_paper(
        self,
        page: Page,
        live_server: LiveServer,
        waiting: Voice,
        make_member: MakeMember,
        tmp_path: Path,
    ) -> None:
        page.set_viewport_size({"width": 1280, "height": 844})
        open_page(page, live_server, "voices/recordingreview/", make_member())

        cells = page.locator("#result_list tbody :is(th, td)").all_inner_texts()
        paper = bare(ran("pdftotext", page.pdf(format="A4"), tmp_path, "-raw"))

        assert waiting.use_case in cells
        assert [cell for cell in cells if bare(cell) not in paper] == []


class TestAnAnswerOfVerify:
    def test_loses_no_word_on_paper_and_says_which_file_and_where(
        self, page: Page, live_server: LiveServer, tmp_path: Path
    ) -> None:
        check_file(page, live_server, AUDIO / "librivox-austen-0880.wav", "Not found")
        assert lost_on_paper(page, tmp_path) == []
        paper = ran("pdftotext", page.pdf(format="A4"), tmp_path, "-raw")
        assert "librivox-austen-0880.wav" in paper
        assert re.search(r"http://[^ ]+/verify", paper)
        assert "Was this answer any good" not in paper
