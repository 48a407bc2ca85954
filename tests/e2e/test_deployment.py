"""What an operator may get wrong is seen, and what probes and scrapers ask is answered."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from config.demo.client import Client
from tests.support import processes
from tests.support.api_client import Customer, new_key

TOKEN: Final = "t0ken-of-the-scraper"
pytestmark = [pytest.mark.postgres, pytest.mark.alone]


class TestProbes:
    def test_are_answered_behind_an_https_address_by_number_and_without_tls(
        self, child_environment: Mapping[str, str], tmp_path: Path
    ) -> None:
        """L-A3, L-A4: and every other address keeps its protection."""
        environment = {
            **child_environment,
            "REDIS_URL": "",
            "SAYSO_DEVELOPMENT": "no",
            "SAYSO_METRICS_TOKEN": TOKEN,
            "SAYSO_METRICS_DIR": str(tmp_path / "metrics"),
        }
        url = "https://voice.example"
        with (
            processes.web(environment, tmp_path / "web.log", public_url=url) as base,
            processes.web(environment, tmp_path / "other.log", public_url=url) as other,
        ):
            for path in ("/health/live", "/health/ready", "/health/version"):
                assert Client(base=base, key="").get(path).status == 200
            for path in ("/v1/clips", "/verify"):
                assert Client(base=base, key="").get(path).status == 400

            for _ in range(3):
                Client(base=other, key="").get("/health/version")
            told = read_metrics(base)

        assert told['sayso_requests_total{method="GET",route="health/version",status="200"}'] == 4
        assert told["sayso_database_up"] == 1
        assert {"sayso_log_events_waiting", "sayso_disk_free_bytes"} <= told.keys()


def read_metrics(base: str) -> dict[str, float]:
    """The numbers on the page of metrics, by their name and labels."""
    found = Client(base=base, key=TOKEN).get("/metrics")
    assert found.status == 200
    lines = (line for line in found.body.decode().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_the_second_data_folder_is_seen(
    child_environment: Mapping[str, str], tmp_path: Path
) -> None:
    """L-A2: no keys, then keys alone: the instance is not ready, and every 503 is logged."""
    key = new_key("Acme")
    with processes.web({**child_environment, "REDIS_URL": ""}, tmp_path / "first.log") as base:
        mara = Customer(client=Client(base=base, key=key))
        mara.meet()
        mara.clone()

    other = tmp_path / "other"
    environment = {**child_environment, "REDIS_URL": "", "SAYSO_DATA_DIR": str(other)}
    log = tmp_path / "second.log"
    with processes.web(environment, log) as base:
        ready = Client(base=base, key="").get("/health/ready")
        parts = ready.json["parts"]
        assert (ready.status, parts["database"], parts["keys"]) == (503, "ok", "unreachable")
        assert (parts["files"], parts["anchors"]) == ("missing", "missing")

        asked = Customer(client=Client(base=base, key=key), consent=mara.consent)
        assert (
            asked.client.post(
                "/v1/speakers", {"name": "Ada Winter", "email": "ada@example.org"}
            ).status
            == 503
        )
        assert '"event": "unavailable"' in log.read_text(encoding="utf-8")

        subprocess.run(
            ["cp", "-r", f"{child_environment['SAYSO_DATA_DIR']}/kms", str(other)], check=True
        )
        ready = Client(base=base, key="").get("/health/ready")
        assert (ready.status, ready.json["parts"]["keys"]) == (503, "ok")


def test_secrets_are_never_made_up_beside_a_database(
    child_environment: Mapping[str, str],
) -> None:
    """L-A5."""
    bare = {
        name: value
        for name, value in child_environment.items()
        if not name.startswith(("SAYSO_SECRET_KEY", "SAYSO_MASTER_KEY"))
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=processes.ROOT,
        env={**bare, "SAYSO_DEVELOPMENT": "no"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert done.stderr.strip() == (
        "sayso: SAYSO_SECRET_KEY or SAYSO_SECRET_KEY_FILE must be set: "
        "beside DATABASE_URL none is made up"
    )
