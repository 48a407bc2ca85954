"""What leaves for a provider: as the adapter said it, and nothing beside it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message

import pytest

from tests.support.loopback_server import listening
from tests.support.raw_server import RawAsked, raw_server, serve_reply
from tests.support.upstream_calls import make_request
from upstream import upstream_client
from upstream.upstream_errors import (
    ProviderAccountRefused,
    ProviderAddressRefused,
)
from upstream.upstream_request import (
    BytesBody,
    FilePart,
    JsonBody,
    MultipartBody,
    TimeLimits,
    make_audio_request,
)

SECRET = "sk-very-secret"


class Provider:
    """A provider that says yes to all, and what it was asked."""

    def __init__(self, port: int, asked: list[RawAsked]) -> None:
        self.port = port
        self.asked = asked

    def send(self, **rest: object) -> RawAsked:
        answer = upstream_client.call(make_request(self.port, **rest), most_bytes=1000)
        assert (answer.status, answer.body) == (200, b"yes")
        return self.asked[-1]


@pytest.fixture
def provider() -> Iterator[Provider]:
    asked: list[RawAsked] = []
    with raw_server(serve_reply("200 OK", b"yes", asked=asked)) as port:
        yield Provider(port, asked)


def read_form(asked: RawAsked) -> list[Message]:
    head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + asked.body).get_payload()
    assert isinstance(parts, list)
    return [part for part in parts if isinstance(part, Message)]


class TestTheAddress:
    def test_keeps_a_segment_a_segment(self, provider: Provider) -> None:
        asked = provider.send(path=("v1", "voices:clone", "../a/b?c#d é%2e"))
        assert asked.line == "GET /v1/voices:clone/..%2Fa%2Fb%3Fc%23d%20%C3%A9%252e HTTP/1.1"

    @pytest.mark.parametrize("segment", ["", ".", ".."])
    def test_has_no_segment_that_moves(self, provider: Provider, segment: str) -> None:
        with pytest.raises(ValueError, match="segment"):
            provider.send(path=("v1", segment, "voices"))
        assert provider.asked == []

    def test_has_the_path_of_the_base_and_the_query(self, provider: Provider) -> None:
        base = f"http://127.0.0.1:{provider.port}/acme/"
        asked = provider.send(base_url=base, path=("v",), query={"a b": "c&d=é"})
        assert asked.line == "GET /acme/v?a%20b=c%26d%3D%C3%A9 HTTP/1.1"
        assert asked.headers["host"] == f"127.0.0.1:{provider.port}"

    def test_of_audio_is_asked_as_it_was_signed(self, provider: Provider) -> None:
        origin = f"http://127.0.0.1:{provider.port}"
        request = make_audio_request(
            f"{origin}/a%2Fb.wav?sig=%7e&x",
            origins={origin},
            is_self_hosted=False,
            times=TimeLimits(),
        )
        upstream_client.call(request, most_bytes=10)
        assert provider.asked[-1].line == "GET /a%2Fb.wav?sig=%7e&x HTTP/1.1"

    def test_is_judged_again_with_each_request(self, provider: Provider) -> None:
        with pytest.raises(ProviderAddressRefused):
            provider.send(is_self_hosted=True, base_url="http://10.0.0.7")


class TestABody:
    def test_may_be_json(self, provider: Provider) -> None:
        asked = provider.send(method="POST", body=JsonBody({"text": "Größe", "n": 1}))
        assert asked.headers["content-type"] == "application/json"
        assert json.loads(asked.body) == {"text": "Größe", "n": 1}

    @pytest.mark.parametrize("size", [10, 3_000_000])
    def test_may_be_bytes(self, provider: Provider, size: int) -> None:
        data = bytes(range(250)) * (size // 250 + 1)
        asked = provider.send(method="POST", body=BytesBody(data, "application/msgpack"))
        assert asked.headers["content-type"] == "application/msgpack"
        assert asked.headers["content-length"] == str(len(data))
        assert asked.body == data

    def test_may_be_a_form_with_files(self, provider: Provider) -> None:
        sound = bytes(range(256)) * 9000
        form = MultipartBody(
            fields=(("name", "Ada"), ("tags", "é"), ("tags", "b")),
            files=(
                FilePart(form_field="files[]", name="1.wav", media_type="audio/wav", data=sound),
                FilePart(form_field="files[]", name="2.wav", media_type="audio/wav", data=b"2"),
            ),
        )
        asked = provider.send(method="POST", body=form)
        assert asked.headers["content-length"] == str(len(asked.body))

        parts = read_form(asked)
        names = [part.get_param("name", header="content-disposition") for part in parts]
        assert names == ["name", "tags", "tags", "files[]", "files[]"]
        assert parts[1].get_payload(decode=True) == "é".encode()
        assert parts[3].get_filename() == "1.wav"
        assert parts[3].get_content_type() == "audio/wav"
        assert parts[3].get_payload(decode=True) == sound

    def test_of_a_form_has_plain_names_alone(self, provider: Provider) -> None:
        for name in ('a"; filename="b', "a\r\nX: y", ""):
            with pytest.raises(ValueError, match="name"):
                provider.send(method="POST", body=MultipartBody(fields=((name, "x"),)))
        assert provider.asked == []


class TestHeaders:
    def test_are_those_of_the_adapter_and_few_of_ours(self, provider: Provider) -> None:
        asked = provider.send(headers={"Authorization": f"Bearer {SECRET}"})
        assert asked.headers == {
            "host": f"127.0.0.1:{provider.port}",
            "authorization": f"Bearer {SECRET}",
            "user-agent": "sayso",
            "accept": "*/*",
            "accept-encoding": "identity",
        }

    def test_ask_for_no_compression_whatever_an_adapter_says(self, provider: Provider) -> None:
        asked = provider.send(headers={"Accept-Encoding": "gzip"})
        assert asked.headers["accept-encoding"] == "identity"

    @pytest.mark.parametrize("key", ["sk\r\nX-Injected: 1", "sk\n", "sk\x00", "sk é→"])
    def test_with_a_key_that_cannot_be_sent_are_the_accounts_fault(
        self, provider: Provider, key: str
    ) -> None:
        with pytest.raises(ProviderAccountRefused) as refused:
            provider.send(headers={"X-Key": key})
        assert key not in refused.value.detail
        assert provider.asked == []

    @pytest.mark.parametrize("name", ["Host", "Content-Length", "transfer-encoding", "X Y", ""])
    def test_that_steer_the_connection_are_not_an_adapters(
        self, provider: Provider, name: str
    ) -> None:
        with pytest.raises(ValueError, match="header"):
            provider.send(headers={name: "x"})

    def test_keep_no_cookie(self) -> None:
        asked: list[RawAsked] = []
        serve = serve_reply("200 OK\nSet-Cookie: a=b; Path=/", b"yes", asked=asked)
        with raw_server(serve) as port:
            for _ in range(2):
                upstream_client.call(make_request(port), most_bytes=10)
        assert len(asked) == 2
        assert "cookie" not in asked[1].headers


class TestTheEnvironment:
    def test_has_no_proxy_for_it(self, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
        with listening() as (port, asked):
            for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
            monkeypatch.delenv("no_proxy", raising=False)
            provider.send()
        assert asked == []


class TestARequest:
    def test_shows_nothing_of_what_it_holds(self) -> None:
        request = make_request(
            1,
            path=("voices", "voice-id-7"),
            query={"q": "query-7"},
            headers={"X-Key": SECRET},
            body=JsonBody({"text": "text-7"}),
        )
        assert not any(word in repr(request) for word in ("-7", SECRET, "127.0.0.1"))
        form = MultipartBody(
            fields=(("name", "field-7"),),
            files=(FilePart(form_field="f", name="n", media_type="a/b", data=b"data-7"),),
        )
        assert "-7" not in repr(form)
        assert "-7" not in repr(BytesBody(b"-7", "a/b"))

    def test_is_carried_by_one_thread_and_one_connection(self, provider: Provider) -> None:
        before = {thread.name for thread in threading.enumerate()}
        for _ in range(5):
            provider.send()
        after = [thread.name for thread in threading.enumerate() if thread.name not in before]
        assert sorted(set(after) - {"raw-server"}) == ["sayso-upstream"]
        assert after.count("raw-server") <= 1
