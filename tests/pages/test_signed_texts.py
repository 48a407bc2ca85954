"""What is signed, hashed or spoken is versioned data: no catalog of translations changes a byte."""

from __future__ import annotations

import calendar
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from consent import consent_receipts
from consent.documents import (
    notices,
    plain_language,
    signing_letter,
    signing_page_text,
    term_wording,
)
from consent.models import Consent
from consent.signing import ceremony, page_renderer, view_model
from core import canonical_json, clock, signed_texts
from erasure import certificate_text
from tests.conftest import NOON
from tests.fixtures.consents import AUDIOBOOKS, MUSEUM, MakeRequest
from tests.pages.test_catalogs import pairs, read_catalog
from tests.support.signing_pages import path_of, sign
from voices.speech import disclosure

FOLDERS: Final = (plain_language.FOLDER, notices.FOLDER, certificate_text.FOLDER)
SPOKEN_SHA256: Final = {
    "cs": "0f020f22ff33c67d08b867c2e79f7e7f723b14b868fcf220819ac1310d5d4963",
    "da": "521e13effed648c63425b241942c4a7d9e0c31e8f6286db51d1acf37a3825439",
    "de": "e1c28bd203ad6c49d7594d172bf0fa3e87f3c07279a554ff42caebe504f5517a",
    "el": "e9e32b6bd523d248f7c6f1a1266eee5294542e2c7802337ff3d79e1738a36f4d",
    "en": "5284540efaf44dd7709f95307f12506bd14092777f8c281c4d11362e0415ee76",
    "es": "19722de6866226c19119539dd42a0cc6471663807a419dd255357d93f577c9b7",
    "et": "8fa43a6f56f3ba6028b212c23fbd4be2aa028399518bd1f3f989d0be0b04b199",
    "fi": "ba8f72ef8bb1837c4691dc7a8fc7f99bd989038fdf3be76ac217cc9c5eebd071",
    "fr": "ab1654d4d2a7dc9b94094bcdb95b7ae8dae95c8688beb39f781085642c59f95d",
    "hu": "54d4daf15867b5e7a48dbc3d2948799ac54682b86b0aa0435246b66d74d24419",
    "it": "d79f3cf32b6aecd2d9020de84a5c055dd2945b73ba7d7f1b796fa76ca5ec5ba8",
    "ja": "5e50f214656a284899ee32d4f379cc91a6bf45375d3c439017f4cf4e33e84d28",
    "ko": "489cf4dc006d2da857f9f245b371ec13b6e22787fe533b3dd0a1782ab1a3d6d6",
    "nl": "e269f3859da4fa9c443df4f3751e2a3ec17bb6bfbc89d5f50fbe38e6313296c0",
    "no": "8d44f862a2af6fdab7b8f7a799b96327f2b6856ae3a4ff0f0867d53d4489659e",
    "pl": "a0c83a4b7700ed5c0d145cc8de5f0f1fc3930dcc462c32e5ec74cc52668e6e9a",
    "pt": "955dcf7f49bf3ade7df29a526d5b4fdd7672ccc143b49ec64c18935578e56ee7",
    "ro": "a0797ebea284e5342c1dd2ec37f9c38b43cd1e6a7a38dfc8e86b5d2fb3374b62",
    "ru": "46011328c9eb68b7b89824a1ec0c4d91ee80441800f8fa08147fb97a6229734e",
    "sk": "32caeaee71643e94be228a9d2196ac954b15db8201782c0077b31d2c053b90bb",
    "sv": "be664febf263d025127ce882d41094715595e7e1610deef68827a40ee9d94df1",
    "tr": "6d596043b8072d1d43cec561657f751ade432ae0987dd972127354f400848a74",
    "uk": "e8ba570acf930c204579d7e5aee7b18ab82b7ea162be31cec008ead24959ba1d",
    "zh": "63ffc288126aba622089df3de835d7ff2929d33a65deb9b4eb1bf1ecba204053",
}
"""By language. A sentence that is spoken in front of speech changes with its hash here."""
LOCALES: Final = ["en", "de"]
MARK: Final = "⟦changed⟧ "


def text_files() -> list[Path]:
    return sorted(path for folder in FOLDERS for path in folder.glob("*.json"))


def shape(value: Any) -> Any:
    return {key: shape(one) for key, one in value.items()} if isinstance(value, dict) else None


class TestTheTexts:
    @pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
    def test_have_one_hash_each(self, folder: Path) -> None:
        lines = (folder / "SHA256SUMS").read_text().splitlines()
        assert lines == [
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
            for path in sorted(folder.glob("*.json"))
        ]

    @pytest.mark.parametrize("changed", [b" ", b"\n{}"])
    def test_that_were_edited_in_place_are_refused(self, tmp_path: Path, changed: bytes) -> None:
        name = "certificate.1.en.json"
        data = (certificate_text.FOLDER / name).read_bytes()
        (tmp_path / name).write_bytes(data + changed)
        (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(data).hexdigest()}  {name}\n")
        with pytest.raises(signed_texts.TextAltered, match=name):
            signed_texts.load_text(tmp_path, "certificate", version=1, locale="en")

    def test_that_have_no_hash_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "letter.1.en.json").write_text("{}")
        (tmp_path / "SHA256SUMS").touch()
        with pytest.raises(signed_texts.TextAltered):
            signed_texts.read_text_file(tmp_path / "letter.1.en.json")

    def test_say_the_same_things_in_every_language(self) -> None:
        english = [path for path in text_files() if path.name.endswith(".en.json")]
        for path in english:
            german = path.with_name(path.name.replace(".en.", ".de."))
            assert shape(json.loads(path.read_bytes())) == shape(json.loads(german.read_bytes()))
        assert len(english) > 6

    def test_of_the_page_know_every_answer_about_advice(self) -> None:
        for locale in LOCALES:
            assert set(signing_page_text.load_page_text(locale)["advices"]) == set(ceremony.ADVICE)

    def test_that_are_spoken_have_one_hash_each(self) -> None:
        assert {
            language: hashlib.sha256(sentence.encode()).hexdigest()
            for language, sentence in disclosure.SENTENCES.items()
        } == SPOKEN_SHA256


@pytest.fixture
def change_catalogs(settings: Settings, tmp_path: Path) -> Callable[[], None]:
    """Alter every sentence of every catalog, names of months too, in every language."""

    def change() -> None:
        for code, _ in settings.LANGUAGES:
            catalog = Catalog(locale=code)
            for text, said in pairs(read_catalog("de")):
                catalog.add(text, string=f"{MARK}{said}")
            for month in calendar.month_name[1:]:
                catalog.add(month, string=f"{MARK}{month}")
            target = tmp_path / code / "LC_MESSAGES" / "django.mo"
            target.parent.mkdir(parents=True)
            with target.open("wb") as file:
                write_mo(file, catalog)
        settings.LOCALE_PATHS = [tmp_path]

    return change


def render_signed(consent: Consent) -> dict[str, bytes]:
    """Everything of a signed consent that a person signed or keeps."""
    locale = consent.notice_version.locale
    view = view_model.build_signing_view(consent)
    receipt = consent_receipts.receipt_to_json(consent, at=NOON)
    letter = signing_letter.write_signing_letter(
        consent, to="a@example.org", name="Ada", link="https://x", reference="r", short=False
    )
    return {
        "page": page_renderer.draw_snapshot(view, token="token").html.encode(),
        "view": repr(view.grants + view.sections).encode(),
        "receipt": canonical_json.dump(receipt),
        "paper": consent_receipts.receipt_to_pdf(consent, at=NOON, link="https://x"),
        "letter": f"{letter.subject}\n{letter.text}".encode(),
        "term": term_wording.describe_duration("P1M10D", locale).encode(),
        "certificate": "\n".join(certificate_sentences(locale)).encode(),
        "spoken": disclosure.prepend_disclosure(
            "Text.", language=locale, disclosure=disclosure.Disclosure.SPOKEN
        ).encode(),
        "notices": "".join(text.sha256 for text in notices.load_notice_texts()).encode(),
    }


def certificate_sentences(locale: str) -> list[str]:
    words = signed_texts.load_text(
        certificate_text.FOLDER, "certificate", version=certificate_text.VERSION, locale=locale
    )
    return [
        *(certificate_text.get_sentence(name, locale) for name in words["sentences"]),
        *(certificate_text.describe_ground(asset, locale) for asset in words["grounds"]),
        *(certificate_text.describe_method(method, locale) for method in words["methods"]),
        *(certificate_text.describe_target("x", name, "", locale) for name in words["targets"]),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("locale", LOCALES)
class TestAChangedCatalog:
    def test_changes_no_byte_that_is_signed_hashed_or_spoken(
        self,
        make_request: MakeRequest,
        visitor: Client,
        change_catalogs: Callable[[], None],
        locale: str,
    ) -> None:
        asked = make_request(grants=(AUDIOBOOKS, MUSEUM), locale=locale, at=clock.now())
        sign(visitor, asked)
        consent = Consent.objects.get(id=asked.consent.id)
        before = render_signed(consent)
        assert render_signed(consent) == before

        change_catalogs()

        for language in LOCALES:
            with translation.override(language):
                assert render_signed(consent) == before

    def test_changes_no_byte_of_the_page_as_it_is_served(
        self,
        make_request: MakeRequest,
        visitor: Client,
        change_catalogs: Callable[[], None],
        locale: str,
    ) -> None:
        asked = make_request(locale=locale, at=clock.now())
        served = visitor.get(path_of(asked)).content
        change_catalogs()
        assert visitor.get(path_of(asked)).content == served
        assert MARK not in served.decode()

    def test_changes_what_is_only_shown(
        self,
        make_request: MakeRequest,
        visitor: Client,
        change_catalogs: Callable[[], None],
        locale: str,
    ) -> None:
        asked = make_request(locale=locale, at=clock.now())
        change_catalogs()

        faults = visitor.post(path_of(asked), {}).content.decode()
        sign(visitor, asked)
        pages = [
            faults,
            visitor.get(path_of(asked)).content.decode(),
            visitor.get("/verify", HTTP_ACCEPT_LANGUAGE=locale).content.decode(),
            visitor.get("/verify/feedback", HTTP_ACCEPT_LANGUAGE=locale).content.decode(),
        ]
        assert all(MARK in page for page in pages)
