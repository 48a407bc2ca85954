"""One real server under more than it can carry: memory, places and connections stay bounded.

S6 to S8, L-E1 to L-E3. One server carries all of it: a start takes seconds.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import databases, served_memory
from tests.support.api_client import new_key
from tests.support.served_memory import ServedProcess

# Memory, places and connections of one process: PostgreSQL's pool is among them.
pytestmark = [pytest.mark.alone, pytest.mark.once(databases.POSTGRESQL)]

SMALL_FILES = 120
BLOCK = 10
CONNECTIONS = 40
CROWD = 16
LEFT_MIB = 60.0
SLOPE_KIB = 200.0
CROWD_MIB = 700.0


@pytest.fixture
def key(child_environment: Mapping[str, str]) -> str:
    return new_key("Acme")


@pytest.fixture
def server(
    child_environment: Mapping[str, str], tmp_path: Path, key: str
) -> Iterator[ServedProcess]:
    settings = {"SAYSO_MAX_CONNECTIONS": str(CONNECTIONS), "SAYSO_MAX_EXAMINATIONS": "4"}
    with served_memory.serve(child_environment, tmp_path / "web.log", **settings) as found:
        yield found


def test_a_server_stays_within_its_budgets(server: ServedProcess, key: str) -> None:
    _check_small_files(server, key)
    _check_crowd(server)
    _check_unread_body(server)
    _check_connections(server, key)


def _check_small_files(server: ServedProcess, key: str) -> None:
    """Memory does not grow with files, and the limit of the address is not that of a key."""
    held = []
    for number in range(SMALL_FILES):
        data = served_memory.make_speech(1.5, 16_000, "WAV", seed=number)
        assert server.verify(data, key=key) == 200, number
        held.append(server.read_memory())

    # The least of ten files each: the allocator keeps a block of some MiB for a while, and one such
    # step is no growth.
    lows = [min(held[at : at + BLOCK]) for at in range(SMALL_FILES // 4, SMALL_FILES, BLOCK)]
    assert 1024 * served_memory.fit_slope(lows) / BLOCK < SLOPE_KIB, held


def _check_crowd(server: ServedProcess) -> None:
    """L-E2: sixteen files of 9 MiB that come at once are answered, or told to come again."""
    data = served_memory.make_speech(98, 48_000, "WAV")
    before = served_memory.settle(server)
    server.reset_peak()

    heard = served_memory.ask_at_once(lambda _number: server.verify(data), CROWD)

    assert set(heard) <= {200, 429, 503}
    assert 200 in heard
    assert server.read_memory("VmHWM") < CROWD_MIB
    assert served_memory.settle(server) < before + LEFT_MIB


def _check_unread_body(server: ServedProcess) -> None:
    """A body of 130 MB without a key is refused before it is sent, and takes no memory."""
    before = served_memory.settle(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(
            b"POST /v1/voices HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 130000000\r\n\r\n"
        )
        assert line.recv(100).startswith(b"HTTP/1.1 401 ")
    assert server.read_memory() < before + 20


def _check_connections(server: ServedProcess, key: str) -> None:
    """Connections that say nothing make room, and so do those whose body stands still."""
    with ExitStack() as open_lines:
        for _ in range(2 * CONNECTIONS):
            open_lines.enter_context(socket.create_connection(("127.0.0.1", server.port), 10))
        assert server.verify(b"x", key=key) == 200

    time.sleep(0.5)
    with ExitStack() as open_lines:
        head = b"POST /v1/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n"
        for _ in range(CONNECTIONS):
            line = socket.create_connection(("127.0.0.1", server.port), 10)
            open_lines.enter_context(line).sendall(head)
        time.sleep(0.5)
        with socket.create_connection(("127.0.0.1", server.port), 10) as line:
            line.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert line.recv(1000).lower().startswith(b"http/1.1 200 ")
        assert server.verify(b"x", key=key) == 200
