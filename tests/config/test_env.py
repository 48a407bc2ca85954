"""Settings: a wrong value stops the start with one line that names it and never repeats it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config import env
from core import web_hosts


class TestReaders:
    @pytest.mark.parametrize(
        ("raw", "value"), [("yes", True), ("1", True), ("off", False), ("", True)]
    )
    def test_flag_reads_yes_and_no(
        self, monkeypatch: pytest.MonkeyPatch, raw: str, value: bool
    ) -> None:
        monkeypatch.setenv("SAYSO_X", raw)

        assert env.read_flag("SAYSO_X", default=True) is value

    @pytest.mark.parametrize(
        ("read", "raw"),
        [
            (lambda: env.read_flag("SAYSO_X", default=True), "perhaps"),
            (lambda: env.read_integer("SAYSO_X", default=1, minimum=1, maximum=9), "ten"),
            (lambda: env.read_integer("SAYSO_X", default=1, minimum=1, maximum=9), "10"),
            (lambda: env.read_url("SAYSO_X", schemes=("postgres",)), "mysql://root:secret@h/d"),
            (lambda: env.read_url("SAYSO_X", schemes=("redis",)), "redis://h:port"),
            (lambda: env.read_origin("SAYSO_X", default=""), "https://host.example/sayso"),
            (lambda: env.read_origin("SAYSO_X", default=""), "https://host.example?sayso"),
            (lambda: env.read_origin("SAYSO_X", default=""), "https:///"),
            (
                lambda: env.read_parsed("SAYSO_X", web_hosts.parse_host_list),
                "tts.lan:8880, http://10.0.0.7",
            ),
            (lambda: env.read_parsed("SAYSO_X", web_hosts.parse_host_list), "10.0.7"),
            (lambda: env.read_parsed("SAYSO_X", web_hosts.parse_host_list), "10.0.0.0/8"),
            (lambda: env.read_parsed("SAYSO_X", web_hosts.parse_host_list), "tts.lan:88800"),
        ],
    )
    def test_malformed_value_stops_the_start_naming_the_variable(
        self, monkeypatch: pytest.MonkeyPatch, read: Callable[[], object], raw: str
    ) -> None:
        monkeypatch.setenv("SAYSO_X", raw)

        with pytest.raises(env.BadSetting) as stopped:
            read()

        assert "SAYSO_X" in str(stopped.value)
        assert raw not in str(stopped.value)

    def test_the_address_of_the_service_loses_the_slash_at_its_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SAYSO_X", "https://host.example:8443/")
        assert env.read_origin("SAYSO_X", default="") == "https://host.example:8443"

    @pytest.mark.parametrize(
        ("raw", "hosts"),
        [
            ("", ()),
            ("TTS.lan:8880,10.0.0.7", (("tts.lan", 8880), ("10.0.0.7", None))),
            ("[fd00:0::7]:4123 my_engine", (("fd00::7", 4123), ("my_engine", None))),
        ],
    )
    def test_hosts_have_one_spelling_and_perhaps_a_port(
        self,
        monkeypatch: pytest.MonkeyPatch,
        raw: str,
        hosts: tuple[tuple[str, int | None], ...],
    ) -> None:
        monkeypatch.setenv("SAYSO_X", raw)
        assert env.read_parsed("SAYSO_X", web_hosts.parse_host_list) == hosts


class TestSecret:
    def test_comes_from_a_file(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("k" * 40 + "\n", encoding="utf-8")
        monkeypatch.setenv("SAYSO_X_FILE", str(tmp_path / "key"))

        assert env.read_secret("SAYSO_X", min_length=32, development_file=tmp_path / "made") == (
            "k" * 40,
            False,
        )

    def test_set_twice_is_refused(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("SAYSO_X", "k" * 40)
        monkeypatch.setenv("SAYSO_X_FILE", str(tmp_path / "key"))

        with pytest.raises(env.BadSetting, match="SAYSO_X_FILE"):
            env.read_secret("SAYSO_X", min_length=32, development_file=tmp_path / "made")

    def test_short_one_is_refused(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("SAYSO_X", "hunter2")

        with pytest.raises(env.BadSetting, match="32"):
            env.read_secret("SAYSO_X", min_length=32, development_file=tmp_path / "made")

    def test_in_development_is_made_once_and_marked(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.delenv("SAYSO_X", raising=False)

        first, made = env.read_secret(
            "SAYSO_X", min_length=32, development_file=tmp_path / "s" / "made"
        )

        assert made
        assert env.read_secret(
            "SAYSO_X", min_length=32, development_file=tmp_path / "s" / "made"
        ) == (
            first,
            True,
        )
        assert (tmp_path / "s" / "made").stat().st_mode & 0o077 == 0


class TestSecrets:
    def test_are_not_made_up_where_there_is_no_place_for_them(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """L-A5: each host would make up its own."""
        monkeypatch.delenv("SAYSO_X", raising=False)

        with pytest.raises(env.BadSetting) as stopped:
            env.read_secret("SAYSO_X", min_length=32, development_file=None)

        assert str(stopped.value) == (
            "sayso: SAYSO_X or SAYSO_X_FILE must be set: beside DATABASE_URL none is made up"
        )


class TestAPrivateFolder:
    def test_is_made_for_us_alone(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("SAYSO_X", str(tmp_path / "of" / "ours"))

        found = env.read_private_folder("SAYSO_X", shared_by=tmp_path)

        assert found.stat().st_mode & 0o777 == 0o700

    def test_is_shared_by_those_who_share_a_data_folder(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.delenv("SAYSO_X", raising=False)

        found = [env.read_private_folder("SAYSO_X", shared_by=tmp_path / x) for x in "aab"]
        try:
            assert found[0] == found[1] != found[2]
        finally:
            for path in set(found):
                path.rmdir()

    def test_that_leads_elsewhere_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "link").symlink_to(tmp_path)
        monkeypatch.setenv("SAYSO_X", str(tmp_path / "link"))

        with pytest.raises(env.BadSetting, match="not ours"):
            env.read_private_folder("SAYSO_X", shared_by=tmp_path)
