"""The test house itself: no strangers, no writing into the developer's folder."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from tests.isolation import NetworkForbidden, is_home


class TestTheNetwork:
    @pytest.mark.parametrize("address", [("192.0.2.1", 9), ("2001:db8::1", 9, 0, 0)])
    def test_is_closed_to_other_machines(self, address: tuple[str, int]) -> None:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        with socket.socket(family) as outward, pytest.raises(NetworkForbidden):
            outward.connect(address)

    def test_does_not_look_up_foreign_names(self) -> None:
        with pytest.raises(NetworkForbidden):
            socket.getaddrinfo("example.org", 443)

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "", None])
    def test_knows_the_machine_itself(self, host: str | None) -> None:
        assert is_home(host)


class TestTheDataFolder:
    def test_is_this_tests_own(self, data_folder: Path, tmp_path: Path) -> None:
        assert Path(settings.SAYSO_DATA_DIR) == data_folder
        assert list(tmp_path.iterdir()) == []

    def test_holds_no_database_of_the_developer(self) -> None:
        assert (
            Path(settings.BASE_DIR) / "var"
            not in Path(str(connection.settings_dict["NAME"])).parents
        )


class TestAChildProcess:
    def test_works_on_the_database_of_the_test(self, child_environment: Mapping[str, str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE seen_by_a_child (id integer)")
        code = (
            "import django; django.setup(); from django.db import connection;"
            " print(connection.introspection.table_names())"
        )
        try:
            answer = subprocess.run(
                [sys.executable, "-c", code],
                env={**child_environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            )
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP TABLE seen_by_a_child")
        assert "seen_by_a_child" in answer.stdout
