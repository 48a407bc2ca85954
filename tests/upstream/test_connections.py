"""Where connections go: to the addresses that were judged, whatever names resolve to."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from tests.support.loopback_server import listening
from tests.support.raw_server import RawAsked, raw_server, serve_reply
from tests.support.tls_authority import make_server_context
from tests.support.upstream_calls import make_request
from upstream import upstream_client, upstream_sessions
from upstream.upstream_errors import ProviderAddressRefused, ProviderUnavailable

HOSTILE = [
    "127.0.0.1",
    "10.0.0.7",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - nothing is bound to it
    "224.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "fe80::1",
    "fc00::1",
]
PUBLIC = ["8.8.8.8", "2606:4700::1111"]
Names = dict[str, list[list[str]]]


def make_info(address: str, port: int) -> tuple[Any, ...]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    place = (address, port, 0, 0) if ":" in address else (address, port)
    return (family, socket.SOCK_STREAM, 6, "", place)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What names resolve to, one list of addresses a look-up. The last one stays."""
    told: Names = {}

    def look_up(host: str, port: int, *_: object, **__: object) -> list[tuple[Any, ...]]:
        if host not in told:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        found = told[host].pop(0) if len(told[host]) > 1 else told[host][0]
        return [make_info(address, port) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return told


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses to which a connection is tried. None comes about."""
    tried: list[str] = []

    def connect(_: socket.socket, address: tuple[Any, ...]) -> None:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


def call_cloud(url: str = "https://api.example") -> None:
    upstream_client.call(make_request(0, base_url=url), most_bytes=10)


class TestAName:
    @pytest.mark.parametrize("address", HOSTILE)
    def test_that_leads_into_our_network_is_connected_to_never(
        self, names: Names, reached: list[str], address: str
    ) -> None:
        names["api.example"] = [[address]]
        with pytest.raises(ProviderAddressRefused) as refused:
            call_cloud()
        assert address not in refused.value.detail
        assert reached == []

    @pytest.mark.parametrize("address", HOSTILE)
    def test_that_leads_there_beside_a_public_address_is_refused_whole(
        self, names: Names, reached: list[str], address: str
    ) -> None:
        names["api.example"] = [["8.8.8.8", address]]
        with pytest.raises(ProviderAddressRefused):
            call_cloud()
        assert reached == []

    def test_that_changes_after_it_was_judged_is_connected_to_as_judged(
        self, names: Names, reached: list[str]
    ) -> None:
        names["api.example"] = [PUBLIC, ["127.0.0.1"]]
        with pytest.raises(ProviderUnavailable):
            call_cloud()
        assert set(reached) == set(PUBLIC)
        assert names["api.example"] == [["127.0.0.1"]]  # one look-up was made

    def test_that_changes_is_judged_again_for_the_next_connection(
        self, names: Names, reached: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(upstream_sessions, "NAME_SECONDS", 0)
        names["api.example"] = [["8.8.8.8"], ["127.0.0.1"]]
        with pytest.raises(ProviderUnavailable):
            call_cloud()
        with pytest.raises(ProviderAddressRefused):
            call_cloud()
        assert reached == ["8.8.8.8"]

    def test_that_does_not_exist_is_a_provider_that_cannot_be_reached(self, names: Names) -> None:
        with pytest.raises(ProviderUnavailable, match="reached"):
            call_cloud()

    def test_of_a_listed_engine_may_lead_into_a_private_network(
        self, names: Names, reached: list[str], settings: Settings
    ) -> None:
        settings.SAYSO_ENGINE_HOSTS = (("tts.lan", 8880),)
        names["tts.lan"] = [["192.168.1.2"]]
        request = make_request(0, base_url="http://tts.lan:8880", is_self_hosted=True)
        with pytest.raises(ProviderUnavailable):
            upstream_client.call(request, most_bytes=10)
        assert reached == ["192.168.1.2"]

    @pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254"])
    def test_of_a_listed_engine_leads_nowhere_else(
        self, names: Names, reached: list[str], settings: Settings, address: str
    ) -> None:
        settings.SAYSO_ENGINE_HOSTS = (("tts.lan", 8880),)
        names["tts.lan"] = [[address]]
        request = make_request(0, base_url="http://tts.lan:8880", is_self_hosted=True)
        with pytest.raises(ProviderAddressRefused):
            upstream_client.call(request, most_bytes=10)
        assert reached == []


class TestANumber:
    @pytest.mark.parametrize("address", HOSTILE)
    def test_is_judged_although_no_name_is_looked_up(
        self, reached: list[str], settings: Settings, address: str
    ) -> None:
        settings.SAYSO_DEVELOPMENT = False
        host = f"[{address}]" if ":" in address else address
        with pytest.raises(ProviderAddressRefused):
            call_cloud(f"https://{host}")
        assert reached == []

    @pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1"])
    def test_in_another_notation_is_not_taken(self, reached: list[str], host: str) -> None:
        with pytest.raises(ProviderAddressRefused):
            call_cloud(f"http://{host}")
        assert reached == []

    @pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
    def test_is_judged_at_the_socket_if_all_before_let_it_pass(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        def allow(url: str, *, is_self_hosted: bool) -> str:
            return url

        monkeypatch.setattr("upstream.upstream_request.check_base_url", allow)
        settings.SAYSO_DEVELOPMENT = False
        with listening() as (port, asked):
            host = f"[{address}]" if ":" in address else address
            with pytest.raises(ProviderUnavailable, match="reached"):
                call_cloud(f"http://{host}:{port}")
        assert asked == []


class TestAConnection:
    def test_of_an_engine_is_not_used_for_a_cloud(self, settings: Settings) -> None:
        peers = []

        def serve(peer: Any) -> None:
            peers.append(peer)
            serve_reply("200 OK", b"yes")(peer)

        with raw_server(serve) as port:
            for is_self_hosted in (True, False, True, False):
                request = make_request(port, is_self_hosted=is_self_hosted)
                upstream_client.call(request, most_bytes=10)
        assert len(peers) == 2

    def test_reaches_ipv6(self) -> None:
        with raw_server(serve_reply("200 OK", b"yes"), host="::1") as port:
            request = make_request(0, base_url=f"http://[::1]:{port}")
            assert upstream_client.call(request, most_bytes=10).body == b"yes"

    def test_goes_to_no_other_scheme(self) -> None:
        for scheme in ("file", "ftp", "ws", "unix", "gopher", "data"):
            with pytest.raises(ProviderAddressRefused):
                call_cloud(f"{scheme}://127.0.0.1/etc/passwd")


class TestTls:
    """To `localhost`, which is looked up and judged like every name."""

    @pytest.fixture
    def trust(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[str], ssl.SSLContext]:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots.pem"))
        return lambda name: make_server_context(tmp_path, name)

    @pytest.fixture(autouse=True)
    def one_family(self, names: Names) -> Iterator[None]:
        names["localhost"] = [["127.0.0.1"]]
        yield

    def ask(self, context: ssl.SSLContext) -> tuple[list[RawAsked], list[str | None]]:
        asked: list[RawAsked] = []
        named: list[str | None] = []
        context.sni_callback = lambda _, name, __: named.append(name)
        with raw_server(serve_reply("200 OK", b"yes", asked=asked), tls=context) as port:
            request = make_request(0, base_url=f"https://localhost:{port}")
            assert upstream_client.call(request, most_bytes=10).body == b"yes"
        return asked, named

    def test_names_the_host_and_trusts_its_certificate(
        self, trust: Callable[[str], ssl.SSLContext]
    ) -> None:
        asked, named = self.ask(trust("localhost"))
        assert named == ["localhost"]
        assert asked[0].headers["host"].startswith("localhost:")

    def test_is_refused_for_another_name(self, trust: Callable[[str], ssl.SSLContext]) -> None:
        with pytest.raises(ProviderUnavailable, match="safe connection"):
            self.ask(trust("api.example"))

    def test_is_refused_by_an_unknown_authority(
        self, trust: Callable[[str], ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        context = trust("localhost")
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(ProviderUnavailable, match="safe connection"):
            self.ask(context)
