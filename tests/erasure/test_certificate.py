"""The certificate of an erasure says what is true, in plain words, in the person's language, and
marks test data.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from core import canonical_json
from erasure import certificate, certificate_text, erasure_requests, execution
from erasure.models import Erasure
from tests.conftest import NOON
from tests.voices.conftest import MakeVoice, noon
from voices.models import Voice

pytestmark = [pytest.mark.django_db, pytest.mark.once]
CODES = ("queue", "key_destroy", "provider_delete", "sub_", "database", "no name")


def erased(voice: Voice) -> dict[str, Any]:
    asked = erasure_requests.request_erasure(
        voice.speaker_id,
        organisation=voice.organisation,
        livemode=voice.livemode,
        reason="requested",
        actor="member:test",
        at=NOON,
        wall_time=NOON,
    )
    done: Erasure = execution.continue_erasure(asked.id, now=noon)
    found: Any = canonical_json.load(bytes(done.certificate or b""))
    return dict(found)


def pages(made: dict[str, Any]) -> list[str]:
    """The words of each page, as another program reads them."""
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("needs pdftotext (apt-get install poppler-utils)")
    done = subprocess.run(
        [reader, "-", "-"],
        input=certificate.render_pdf(made, "0" * 64),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().removesuffix("\f").split("\f")


class TestPlainWords:
    @pytest.mark.parametrize("locale", certificate_text.LOCALES)
    def test_the_paper_speaks_no_code(self, make_voice: MakeVoice, locale: str) -> None:
        made = erased(make_voice())
        for target in made["targets"]:
            target["in_words"] = {
                "what": certificate_text.describe_target(
                    target["system"], target["asset"], target["method"], locale
                ),
                "how": certificate_text.describe_method(target["method"], locale),
            }
        title = certificate.certificate_title(locale, livemode=False)
        read = " ".join(pages({**made, "locale": locale, "title": title}))
        assert [code for code in CODES if code in read] == []
        assert certificate_text.get_sentence("title", locale) in read

    def test_every_target_has_its_words_in_the_signed_form(self, make_voice: MakeVoice) -> None:
        targets = erased(make_voice())["targets"]
        assert all(target["in_words"]["what"] and target["in_words"]["how"] for target in targets)


class TestGrounds:
    def test_say_of_what_stays_no_more_than_is_true(self, make_voice: MakeVoice) -> None:
        grounds = {
            target["asset"]: target["ground"]
            for target in erased(make_voice())["targets"]
            if target["ground"]
        }
        assert set(grounds) == {
            "signed consent records", "hashes and marks of clips", "entries", "wrapped key copies",
        }  # fmt: skip
        assert "salted hashes" in grounds["signed consent records"]
        assert not any("no name" in ground for ground in grounds.values())
        assert max(len(certificate_text.describe_ground(asset, "en")) for asset in grounds) <= 200


class TestTestData:
    def test_is_called_test_in_heading_head_and_foot_of_every_page(
        self, make_voice: MakeVoice
    ) -> None:
        made = erased(make_voice())
        assert (made["livemode"], made["title"].startswith("TEST"), made["test"][:9]) == (
            False,
            True,
            "TEST DATA",
        )
        assert all(page.count("TEST DATA") >= 2 for page in pages(made))

    def test_live_data_is_not(self, make_voice: MakeVoice) -> None:
        made = {
            **erased(make_voice()),
            "test": None,
            "title": certificate.certificate_title("en", livemode=True),
        }
        assert "TEST" not in " ".join(pages(made))


class TestLocale:
    @pytest.mark.parametrize(
        ("tag", "locale"), [("de-CH", "de"), ("en", "en"), ("ja", "en"), ("", "en")]
    )
    def test_is_the_persons_where_there_is_a_translation(self, tag: str, locale: str) -> None:
        assert certificate_text.choose_locale(tag) == locale
