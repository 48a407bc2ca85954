"""What a provider may answer, and that none of it holds us up, fills memory or gets out."""

from __future__ import annotations

import gzip
import logging
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from core.errors import SaysoError
from tests.support.loopback_server import listening
from tests.support.raw_server import RawPeer, raw_server, serve_reply
from tests.support.upstream_calls import make_request
from upstream import upstream_client
from upstream.answer_status import LONGEST_RETRY, read_retry_after
from upstream.exchange import ProviderAnswer
from upstream.upstream_errors import ProviderAccountRefused, ProviderRefused, ProviderUnavailable
from upstream.upstream_request import BytesBody, TimeLimits

SECRET = "sk-very-secret"
TEXT = "what was said"
SHORT = TimeLimits(connect=0.5, first_byte=0.3, between=0.3, total=1.0)
OK = b"HTTP/1.1 200 OK\r\n"


def ask(
    serve: Callable[[RawPeer], None], *, most_bytes: int = 10_000, **rest: object
) -> ProviderAnswer:
    with raw_server(serve) as port:
        return upstream_client.call(make_request(port, **rest), most_bytes=most_bytes)


def send_raw(*parts: bytes, pause: float = 0.0) -> Callable[[RawPeer], None]:
    """A server that sends these bytes to the first request, then closes."""

    def serve(peer: RawPeer) -> None:
        peer.read_request()
        for part in parts:
            peer.send(part)
            time.sleep(pause)

    return serve


class TestAStatus:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, ProviderRefused),
            (404, ProviderRefused),
            (409, ProviderRefused),
            (422, ProviderRefused),
            (451, ProviderRefused),
            (401, ProviderAccountRefused),
            (402, ProviderAccountRefused),
            (403, ProviderAccountRefused),
            (408, ProviderUnavailable),
            (425, ProviderUnavailable),
            (429, ProviderUnavailable),
            (500, ProviderUnavailable),
            (503, ProviderUnavailable),
            (599, ProviderUnavailable),
        ],
    )
    def test_is_an_error_of_its_kind_without_the_answers_words(
        self, status: int, kind: type[SaysoError]
    ) -> None:
        with pytest.raises(kind) as caught:
            ask(serve_reply(f"{status} {SECRET}", f"{SECRET} {TEXT}".encode()))

        error = caught.value
        assert type(error) is kind
        told = f"{error.detail} {error.facts} {error.__cause__} {error!r}"
        assert not any(word in told for word in (SECRET, TEXT, "127.0.0.1"))
        if kind is ProviderRefused:
            assert error.facts == {"provider_status": status}

    def test_that_an_adapter_takes_comes_with_its_body(self) -> None:
        answer = ask(serve_reply("404 No\nX-Why: Gone", b"no such voice"), taken=frozenset({404}))
        assert (answer.status, answer.body) == (404, b"no such voice")
        assert answer.headers["x-why"] == "Gone"

    @pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
    def test_of_a_redirect_is_refused_and_not_followed(self, status: int) -> None:
        with listening() as (port, asked):
            head = f"{status} Elsewhere\nLocation: http://127.0.0.1:{port}/"
            with pytest.raises(ProviderRefused) as caught:
                ask(serve_reply(head), headers={"X-Key": SECRET})
        assert caught.value.facts == {"provider_status": status}
        assert asked == []

    def test_of_another_protocol_is_refused(self) -> None:
        with pytest.raises(ProviderRefused):
            ask(send_raw(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhi"))


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("told", "seconds"),
        [
            ("7", 7),
            ("0", 1),
            ("86400", LONGEST_RETRY),
            ("9" * 9, LONGEST_RETRY),
            ("9" * 5000, None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("Tue, 01 Dec 2026 10:00:30 GMT", 30),
            ("Tue, 01 Dec 2026 09:00:00 GMT", 1),
            ("Fri, 01 Dec 2090 10:00:00 GMT", LONGEST_RETRY),
        ],
    )
    def test_is_read_within_bounds(self, told: str, seconds: int | None) -> None:
        head = f"429 Slow down\nDate: Tue, 01 Dec 2026 10:00:00 GMT\nRetry-After: {told}"
        with pytest.raises(ProviderUnavailable) as caught:
            ask(serve_reply(head if len(told) < 100 else "429 Slow down"))
        assert caught.value.retry_after == (seconds if len(told) < 100 else None)

    def test_as_a_date_needs_the_answers_own(self) -> None:
        assert read_retry_after({"retry-after": "Tue, 01 Dec 2026 10:00:30 GMT"}) is None


class TestABody:
    @pytest.mark.parametrize(
        "raw",
        [
            OK + b"Content-Length: 10\r\n\r\nhalf",
            OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nhalf",
            OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhalf",
            OK + b"Content-Length: 10\r\n",
            OK + b"Content-Length: -1\r\n\r\nhalf",
            OK + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nhalf!",
            b"half",
            b"",
            b"SSH-2.0-x\r\n",
            b"HTTP/1.1 abc OK\r\n\r\n",
            OK + b"X: " + b"y" * 20_000 + b"\r\n\r\n",
            OK + b"X: y\r\n" * 5000 + b"\r\n",
        ],
    )
    def test_that_is_cut_or_no_http_is_never_taken_for_a_whole(self, raw: bytes) -> None:
        with pytest.raises(ProviderUnavailable) as caught:
            ask(send_raw(raw))
        assert "half" not in caught.value.detail

    @pytest.mark.parametrize("pause", [0.0, 0.05])
    def test_that_is_longer_than_it_says_gives_no_more_than_it_says(self, pause: float) -> None:
        parts = (OK + b"Content-Length: 4\r\n\r\nha", b"lf", b"more")
        if pause:
            assert ask(send_raw(*parts, pause=pause)).body == b"half"
        else:  # seen at once, all of it is in doubt
            with pytest.raises(ProviderUnavailable):
                ask(send_raw(b"".join(parts)))

    @pytest.mark.parametrize("pause", [0.0, 0.1])
    def test_is_no_answer_to_the_next_call(self, pause: float) -> None:
        """What came unasked on a kept connection belongs to no one."""
        planted = OK + b"Content-Length: 7\r\n\r\nplanted"

        def serve(peer: RawPeer) -> None:
            while peer.read_request():
                peer.send(OK + b"Content-Length: 4\r\n\r\nha")
                time.sleep(0.05)
                peer.send(b"lf")
                time.sleep(pause)
                peer.send(planted)

        with raw_server(serve) as port:
            for _ in range(4):
                request = make_request(port, method="POST")
                assert upstream_client.call(request, most_bytes=10).body == b"half"
                time.sleep(0.2)

    def test_that_is_compressed_unasked_is_refused_and_not_unpacked(self) -> None:
        bomb = gzip.compress(bytes(200_000_000), 9)
        assert len(bomb) < 250_000
        tracemalloc.start()
        try:
            with pytest.raises(ProviderUnavailable, match="compressed"):
                ask(serve_reply("200 OK\nContent-Encoding: gzip", bomb), most_bytes=10**9)
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()

    def test_without_an_end_is_left_at_its_limit(self) -> None:
        sent = [0]

        def serve(peer: RawPeer) -> None:
            peer.read_request()
            peer.send(OK + b"\r\n")
            while True:
                peer.send(bytes(2**16))
                sent[0] += 2**16

        with pytest.raises(ProviderUnavailable, match="longer"):
            ask(serve, most_bytes=100_000)
        assert sent[0] < 20_000_000

    def test_that_says_it_is_too_long_is_not_read(self) -> None:
        with pytest.raises(ProviderUnavailable, match="longer"):
            ask(send_raw(OK + b"Content-Length: 999999\r\n\r\n", pause=0.1), most_bytes=999_998)

    def test_of_the_very_limit_is_taken(self) -> None:
        assert ask(serve_reply("200 OK", b"12345"), most_bytes=5).body == b"12345"


class TestTime:
    def took(self, serve: Callable[[RawPeer], None]) -> float:
        began = time.monotonic()
        with raw_server(serve) as port:
            with pytest.raises(ProviderUnavailable, match="too long"):
                upstream_client.call(make_request(port, times=SHORT), most_bytes=10**6)
            return time.monotonic() - began

    def test_to_the_first_byte_is_bounded(self) -> None:
        def serve(peer: RawPeer) -> None:
            peer.read_request()
            assert peer.wait_until_gone(5)

        assert 0.25 < self.took(serve) < 0.9

    def test_between_two_bytes_is_bounded(self) -> None:
        def serve(peer: RawPeer) -> None:
            peer.read_request()
            peer.send(OK + b"Content-Length: 10\r\n\r\nha")
            assert peer.wait_until_gone(5)

        assert 0.25 < self.took(serve) < 0.9

    @pytest.mark.parametrize("head", [OK, OK + b"X: y\r\nZ", OK + b"Content-Length: 999\r\n\r\n"])
    def test_in_all_is_bounded_however_a_provider_drips(self, head: bytes) -> None:
        def serve(peer: RawPeer) -> None:
            peer.read_request()
            peer.send(head)
            while True:
                peer.send(b"x")
                time.sleep(0.05)

        assert 0.9 < self.took(serve) < 1.6

    def test_of_an_endless_row_of_interim_answers_is_bounded(self) -> None:
        def serve(peer: RawPeer) -> None:
            peer.read_request()
            while True:
                peer.send(b"HTTP/1.1 103 Early\r\n\r\n" * 10)
                time.sleep(0.01)

        assert 0.9 < self.took(serve) < 1.6

    def test_of_sending_a_body_is_bounded(self) -> None:
        def serve(peer: RawPeer) -> None:
            assert peer.wait_until_gone(5)

        began = time.monotonic()
        body = BytesBody(bytes(30_000_000), "audio/wav")
        with raw_server(serve) as port, pytest.raises(ProviderUnavailable):
            upstream_client.call(
                make_request(port, method="POST", body=body, times=SHORT), most_bytes=10
            )
        assert time.monotonic() - began < 1.8


class TestTheLog:
    @pytest.fixture
    def lines(self, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
        caplog.set_level(logging.DEBUG)
        yield lambda: " ".join(str(vars(record)) for record in caplog.records)

    def test_holds_no_address_no_key_and_no_text(self, lines: Callable[[], str]) -> None:
        bad = [
            serve_reply(f"500 {SECRET}", TEXT.encode()),
            serve_reply("302 Found\nLocation: http://127.0.0.1/voice-id-7"),
            send_raw(f"{SECRET} {TEXT}\r\n\r\n".encode()),
            send_raw(OK + b"Content-Length: 10\r\n\r\nhalf"),
            send_raw(b""),
        ]
        for serve in bad:
            with pytest.raises(SaysoError) as caught:
                ask(serve, path=("voice-id-7",), headers={"X-Key": SECRET})
            assert caught.value.__cause__ is None
            assert caught.value.__suppress_context__ or caught.value.__context__ is None
        assert not any(word in lines() for word in (SECRET, TEXT, "voice-id-7"))
