"""Where a provider may be: no spelling of an address leads into a private network."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from pytest_django import Settings

from core.errors import Invalid
from upstream.address_rules import (
    check_address,
    check_audio_url,
    check_base_url,
)
from upstream.upstream_errors import ProviderAddressRefused

PRIVATE = [
    "10.0.0.7",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.1.1",
    "100.64.0.1",
    "fc00::1",
    "fd12:3456::1",
]
LOOPBACK = ["127.0.0.1", "127.255.255.254", "::1"]
NEVER = [
    "0.0.0.0",  # noqa: S104 - nothing is bound to it
    "0.1.2.3",
    "169.254.169.254",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"]

ODD_HOSTS = [
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "127.1",
    "127.0.1",
    "127.0.0.01",
    "127.0.0.0x1",
    "127.0.0.1.",
    "api.inworld.ai.",
    "api..ai",
    ".ai",
    "-api.ai",
    "１２７.0.0.1",
    "127。0。0。1",
    "bücher.example",
    "api.example%2e",
    "[::1%25eth0]",
    "[fe80::1%eth0]",
    "[127.0.0.1]",
    "[::1]x",
    "[::1",
    "::1",
    "[]",
    "a b.example",
    "api.example:0",
    "api.example:65536",
    "api.example:８０",
    "api.example:",
    "x" * 64 + ".example",
]


@pytest.fixture(autouse=True)
def production(settings: Settings) -> None:
    settings.SAYSO_DEVELOPMENT = False
    settings.SAYSO_ENGINE_HOSTS = ()


def judge(url: str, *, is_self_hosted: bool = False) -> str:
    """Return the canonical address, or the code of the one fault."""
    try:
        return check_base_url(url, is_self_hosted=is_self_hosted)
    except Invalid as refused:
        (fault,) = refused.faults
        assert fault.attr == "base_url"
        assert not url or url not in f"{refused.detail} {fault.detail}"
        return fault.code


def write_url(address: str, scheme: str = "https") -> str:
    return f"{scheme}://[{address}]" if ":" in address else f"{scheme}://{address}"


class TestACloudProvider:
    @pytest.mark.parametrize(
        ("url", "base"),
        [
            ("https://api.inworld.ai", "https://api.inworld.ai"),
            ("HTTPS://API.Inworld.AI:443/", "https://api.inworld.ai"),
            ("https://gate.example:8443/acme/inworld/", "https://gate.example:8443/acme/inworld"),
            ("https://8.8.8.8/v1", "https://8.8.8.8/v1"),
            ("https://[2606:4700:0::1111]:444", "https://[2606:4700::1111]:444"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ],
    )
    def test_is_written_in_one_spelling(self, url: str, base: str) -> None:
        assert judge(url) == base
        assert judge(base) == base

    @pytest.mark.parametrize("address", [*PRIVATE, *LOOPBACK, *NEVER])
    def test_is_at_no_address_outside_of_the_internet(self, address: str) -> None:
        assert judge(write_url(address)) == "address_not_allowed"

    @pytest.mark.parametrize("address", PUBLIC)
    def test_is_at_a_public_address(self, address: str) -> None:
        assert judge(write_url(address)) == write_url(str(ip_address(address)))

    @pytest.mark.parametrize(
        "host", ["localhost", "LOCALHOST", "x.localhost", "tts", "tts.local", "db.internal"]
    )
    def test_has_no_local_name(self, host: str) -> None:
        assert judge(f"https://{host}") == "address_not_allowed"

    @pytest.mark.parametrize("host", ODD_HOSTS)
    def test_is_refused_in_a_spelling_that_readers_differ_about(self, host: str) -> None:
        assert judge(f"https://{host}") == "url_invalid"

    @pytest.mark.parametrize(
        "url",
        [
            "https://user@api.example",
            "https://user:secret@api.example",
            "https://api.example@127.0.0.1",
            "https://api.example?x=1",
            "https://api.example/v1?x=1",
            "https://api.example/v1#part",
            "https://api.example\\@127.0.0.1",
            "https://api.example/../admin",
            "https://api.example/./admin",
            "https://api.example//127.0.0.1",
            "https://api.example/%2e%2e/",
            "https://api.example/\n",
            "https://api.ex\tample",
            " https://api.example",
            "https:api.example",
            "https:///path",
            "//api.example",
            "api.example",
            "",
            "https://api.example/" + "a" * 500,
        ],
    )
    def test_is_a_plain_address(self, url: str) -> None:
        assert judge(url) == "url_invalid"

    @pytest.mark.parametrize("scheme", ["http", "ftp", "file", "ws", "gopher", "unix"])
    def test_is_reached_by_https_alone(self, scheme: str) -> None:
        assert judge(f"{scheme}://api.example") == "scheme_not_allowed"

    def test_is_not_reached_where_an_engine_is_listed(self, settings: Settings) -> None:
        settings.SAYSO_ENGINE_HOSTS = (("10.0.0.7", None), ("tts", None))
        assert judge("https://10.0.0.7") == "address_not_allowed"
        assert judge("https://tts") == "address_not_allowed"
        assert judge("http://10.0.0.7") == "scheme_not_allowed"

    @pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1:9", "[::1]:9"])
    def test_may_be_loopback_in_development(self, settings: Settings, host: str) -> None:
        settings.SAYSO_DEVELOPMENT = True
        assert judge(f"http://{host}") == f"http://{host}"

    @pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
    def test_is_nowhere_else_in_development(self, settings: Settings, address: str) -> None:
        settings.SAYSO_DEVELOPMENT = True
        assert judge(write_url(address)) == "address_not_allowed"


class TestAnEngine:
    @pytest.fixture(autouse=True)
    def hosts(self, settings: Settings) -> None:
        settings.SAYSO_ENGINE_HOSTS = (
            ("tts.lan", 8880),
            ("10.0.0.7", None),
            ("169.254.169.254", None),
            ("fd00::7", 443),
            ("localhost", 4123),
        )

    @pytest.mark.parametrize(
        ("url", "found"),
        [
            ("http://TTS.lan:8880/v1/", "http://tts.lan:8880/v1"),
            ("https://tts.lan:8880", "https://tts.lan:8880"),
            ("http://10.0.0.7:1234", "http://10.0.0.7:1234"),
            ("https://[fd00:0::7]", "https://[fd00::7]"),
            ("http://localhost:4123", "http://localhost:4123"),
            ("http://tts.lan", "host_not_listed"),
            ("http://tts.lan:8881", "host_not_listed"),
            ("http://x.tts.lan:8880", "host_not_listed"),
            ("http://10.0.0.8", "host_not_listed"),
            ("http://localhost:4124", "host_not_listed"),
            ("http://127.0.0.1:4123", "host_not_listed"),
            ("https://api.example", "host_not_listed"),
            ("http://169.254.169.254/latest", "address_not_allowed"),
            ("ftp://10.0.0.7", "scheme_not_allowed"),
            ("http://0x0a.0.0.7", "url_invalid"),
        ],
    )
    def test_is_where_the_operator_says(self, url: str, found: str) -> None:
        assert judge(url, is_self_hosted=True) == found

    def test_may_be_loopback_in_development(self, settings: Settings) -> None:
        settings.SAYSO_DEVELOPMENT = True
        assert judge("http://127.0.0.1:9", is_self_hosted=True) == "http://127.0.0.1:9"
        assert judge("http://192.168.1.2", is_self_hosted=True) == "host_not_listed"


class TestWhatANameLeadsTo:
    """The addresses are those that a look-up gave for the name, at the connection."""

    def reaches(self, address: str, host: str, *, is_self_hosted: bool = False) -> bool:
        try:
            check_address(ip_address(address), host=host, port=8880, is_self_hosted=is_self_hosted)
        except ProviderAddressRefused:
            return False
        return True

    @pytest.mark.parametrize("development", [True, False])
    @pytest.mark.parametrize("address", [*PRIVATE, *LOOPBACK, *NEVER])
    def test_is_public_for_a_cloud_provider(
        self, settings: Settings, address: str, development: bool
    ) -> None:
        settings.SAYSO_DEVELOPMENT = development
        assert not self.reaches(address, "api.example")

    @pytest.mark.parametrize("address", PUBLIC)
    def test_may_be_any_public_address(self, address: str) -> None:
        assert self.reaches(address, "api.example")
        assert not self.reaches("10.0.0.7", "10.0.0.7")

    def test_may_be_private_for_a_listed_engine_alone(self, settings: Settings) -> None:
        settings.SAYSO_ENGINE_HOSTS = (("tts.lan", 8880),)
        assert all(self.reaches(one, "tts.lan", is_self_hosted=True) for one in PRIVATE)
        assert self.reaches("8.8.8.8", "tts.lan", is_self_hosted=True)
        assert not self.reaches("10.0.0.7", "tts.lan")
        assert not self.reaches("10.0.0.7", "other.lan", is_self_hosted=True)

    @pytest.mark.parametrize("address", [*LOOPBACK, *NEVER])
    def test_is_this_machine_for_no_name_but_its_own(
        self, settings: Settings, address: str
    ) -> None:
        settings.SAYSO_ENGINE_HOSTS = (("tts.lan", 8880), ("localhost", 8880))
        assert not self.reaches(address, "tts.lan", is_self_hosted=True)
        assert self.reaches(address, "localhost", is_self_hosted=True) is (address in LOOPBACK)


class TestTheAddressOfAudio:
    ORIGINS = frozenset({"https://files.example", "https://cdn.example:8443"})

    @pytest.mark.parametrize(
        ("url", "base", "rest"),
        [
            (
                "https://files.example/a%2Fb.wav?sig=x%3D&e=1",
                "https://files.example",
                "/a%2Fb.wav?sig=x%3D&e=1",
            ),
            ("https://FILES.example:443/a.wav", "https://files.example", "/a.wav"),
            ("https://cdn.example:8443?x=1", "https://cdn.example:8443", "?x=1"),
        ],
    )
    def test_is_kept_as_it_was_signed(self, url: str, base: str, rest: str) -> None:
        assert check_audio_url(url, origins=self.ORIGINS, is_self_hosted=False) == (base, rest)

    @pytest.mark.parametrize(
        "url",
        [
            "https://other.example/a.wav",
            "https://files.example.other.example/a.wav",
            "https://files.example:444/a.wav",
            "http://files.example/a.wav",
            "https://files.example@other.example/a.wav",
            "https://other.example\\@files.example/a.wav",
            "https://files.example#@other.example/a.wav",
            "https://files.example/a.wav#part",
            "https://files.example/a b.wav",
            "https://169.254.169.254/latest",
            "//files.example/a.wav",
            "file:///etc/passwd",
            "https://files.example/" + "a" * 8000,
        ],
    )
    def test_is_followed_to_no_other_host(self, url: str) -> None:
        with pytest.raises(ProviderAddressRefused) as refused:
            check_audio_url(url, origins=self.ORIGINS, is_self_hosted=False)
        assert url not in refused.value.detail

    def test_is_judged_like_a_base_although_it_is_listed(self) -> None:
        with pytest.raises(ProviderAddressRefused):
            check_audio_url(
                "http://127.0.0.1/a.wav", origins={"http://127.0.0.1"}, is_self_hosted=False
            )
