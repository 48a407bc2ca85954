"""A refusal is heard by clients that send their whole body before they listen."""

from __future__ import annotations

import gzip
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

from tests.support import processes

# No row is read, so one database will do.
pytestmark = [pytest.mark.alone, pytest.mark.once]

TWELVE_MEGABYTES = 12 * 2**20
TIMES = 10


@pytest.fixture
def base(child_environment: Mapping[str, str], tmp_path: Path) -> Iterator[str]:
    with processes.web({**child_environment, "REDIS_URL": ""}, tmp_path / "web.log") as address:
        yield address


def post(address: str, data: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    """Status and problem code by the standard library's client, which sends first and reads
    afterwards.
    """
    request = urllib.request.Request(address, data=data, headers=dict(headers), method="POST")  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return answer.status, ""
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.loads(refusal.read())["code"]


def post_by_fetch(address: str, size: int) -> list[int]:
    """Statuses by the fetch of Node, 0 where it heard nothing. Node comes with the browsers."""
    node, _ = compute_driver_executable()
    script = """
        const [address, size, times] = process.argv.slice(1)
        const heard = []
        for (let time = 0; time < Number(times); time++) {
            const form = new FormData()
            form.append("file", new Blob([Buffer.alloc(Number(size))]), "a.wav")
            const answer = await fetch(address, {method: "POST", body: form}).catch(() => null)
            heard.push(answer ? answer.status : 0)
        }
        console.log(JSON.stringify(heard))
    """
    done = subprocess.run(
        [node, "--input-type=module", "--eval", script, address, str(size), str(TIMES)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: list[int] = json.loads(done.stdout)
    return found


class TestARefusedBody:
    """One server for both: a start takes seconds."""

    def test_of_cases_48_and_49_is_heard_by_every_client(self, base: str) -> None:
        check_too_large(base)
        check_compressed(base)


def check_too_large(base: str) -> None:
    """Case 48, with the two clients that did not hear it: that of Python, and fetch of Node."""
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    whole = {"Content-Type": "application/json", "Authorization": "Bearer sayso_test_x"}

    heard = [post(f"{base}/v1/verify", bytes(TWELVE_MEGABYTES), form) for _ in range(TIMES)]
    heard += [
        post(f"{base}/v1/speakers", b" " * (TWELVE_MEGABYTES // 6), whole) for _ in range(TIMES)
    ]

    assert set(heard) == {(413, "too_large")}
    assert post_by_fetch(f"{base}/v1/verify", TWELVE_MEGABYTES) == [413] * TIMES


def check_compressed(base: str) -> None:
    """A compressed body is refused by the name of its coding."""
    body = gzip.compress(json.dumps({"name": "Ada", "email": "a@example.org"}).encode())

    for coding in ("gzip", "br"):
        headers = {"Content-Type": "application/json", "Content-Encoding": coding}

        assert post(f"{base}/v1/speakers", body, headers) == (
            415,
            "content_encoding_unsupported",
        ), coding
