"""Styles, scripts and pictures are named by their content, cached for good and compressed, with no
step before.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from config.page_files import NamedByContent, PageFilesMiddleware

pytestmark = pytest.mark.once

TAKES = {"accept_encoding": "gzip"}
HASHED = re.compile(r"/static/(.+)\.[0-9a-f]{12}(\.[a-z]+)")
FOREIGN = ["admin*", "allauth*", "drf_*", "mfa*", "account*", "rest_*", "unfold*"]


def files_of(page: str) -> list[str]:
    return sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)))


def fetch(client: Client, path: str, **headers: str) -> tuple[Any, bytes]:
    """Give the answer and its body."""
    response: Any = client.get(path, headers=headers)
    return response, response.content


@pytest.mark.django_db
class TestTheFilesOfAPage:
    @pytest.mark.parametrize(
        "path", ["/", "/verify", "/docs/", "/problems/", "/sign/unknown", "/account/login/"]
    )
    def test_are_named_by_content_kept_for_good_and_compressed(
        self, client: Client, path: str
    ) -> None:
        files = files_of(client.get(path).content.decode())
        assert files

        for file in files:
            named = HASHED.fullmatch(file)
            assert named, f"{file} holds no hash"
            sent, sent_body = fetch(client, file, **TAKES)
            assert "immutable" in sent["Cache-Control"]
            assert "Accept-Encoding" in sent["Vary"] or file.endswith(".png")
            source = Path(str(finders.find(f"{named[1]}{named[2]}")))
            unpacked = (
                gzip.decompress(sent_body) if sent.get("Content-Encoding") == "gzip" else sent_body
            )
            assert unpacked == source.read_bytes(), file
            assert len(sent_body) < source.stat().st_size or file.endswith(".png")

    def test_are_sent_whole(self, client: Client) -> None:
        """F: a server of ASGI gathered each, and warned of it."""
        sent = client.get("/static/sayso/base.css")
        assert (sent.streaming, int(sent["Content-Length"])) == (False, len(sent.content))

        head = client.head("/static/sayso/base.css")
        assert (head.content, head["Content-Length"]) == (b"", sent["Content-Length"])

    def test_are_kept_for_a_minute_under_a_name_without_a_hash(self, client: Client) -> None:
        assert fetch(client, "/static/sayso/base.css")[0]["Cache-Control"] == "max-age=60, public"

    def test_are_not_there_under_the_hash_of_another_content(self, client: Client) -> None:
        assert client.get("/static/sayso/base.0123456789ab.css").status_code == 404

    def test_are_found_by_servers_that_ask_the_finders(self) -> None:
        named = NamedByContent().url("sayso/base.css").removeprefix("/static/")
        assert finders.find(named) == finders.find("sayso/base.css")
        assert finders.find("sayso/base.0123456789ab.css") is None

    def test_come_plain_to_who_asks_for_a_part_of_one(self, client: Client) -> None:
        part, body = fetch(client, "/static/sayso/base.css", **TAKES, range="bytes=0-9")
        assert (part.status_code, part.get("Content-Encoding")) == (206, None)
        assert body == Path(str(finders.find("sayso/base.css"))).read_bytes()[:10]


class TestAName:
    def test_changes_with_the_content(self, settings: Settings, tmp_path: Path) -> None:
        settings.STATICFILES_DIRS = [tmp_path]
        (tmp_path / "look.css").write_text("p { color: red }", encoding="utf-8")
        before = NamedByContent().url("look.css")
        (tmp_path / "look.css").write_text("p { color: blue }", encoding="utf-8")
        assert NamedByContent().url("look.css") != before

    def test_is_refused_to_a_file_that_does_not_exist(self) -> None:
        with pytest.raises(ValueError, match=r"sayso/nothing\.css"):
            NamedByContent().url("sayso/nothing.css")


class TestCollected:
    @pytest.fixture
    def root(self, settings: Settings, tmp_path: Path) -> Path:
        """A deployment whose own files were collected, and a source that changed and one that came
        since.
        """
        sources, root = tmp_path / "sources", tmp_path / "collected"
        sources.mkdir()
        (sources / "old.css").write_text("p { color: red }\n" * 99, encoding="utf-8")
        settings.STATICFILES_DIRS, settings.STATIC_ROOT = [sources], root
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=FOREIGN)
        (sources / "old.css").write_text("p { color: blue }\n" * 99, encoding="utf-8")
        (sources / "new.css").write_text("p { color: green }", encoding="utf-8")
        return root

    def test_names_are_used_in_a_deployment_and_files_since_then_are_served_too(
        self, settings: Settings, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.SAYSO_DEVELOPMENT = False
        monkeypatch.setattr(
            "whitenoise.middleware.staticfiles_storage", storage := NamedByContent()
        )
        monkeypatch.setattr(PageFilesMiddleware, "_sources", {})
        old, new = storage.url("old.css"), storage.url("new.css")

        files = PageFilesMiddleware().files

        assert (
            (root / old.removeprefix("/static/"))
            .read_text(encoding="utf-8")
            .startswith("p { color: red }")
        )
        assert (root / f"{old.removeprefix('/static/')}.gz").exists()
        assert {old, new} <= set(files)

    @pytest.mark.usefixtures("root")
    def test_names_are_not_used_in_development(self, settings: Settings) -> None:
        settings.SAYSO_DEVELOPMENT = False
        collected = NamedByContent().url("old.css")
        settings.SAYSO_DEVELOPMENT = True
        assert NamedByContent().url("old.css") != collected
