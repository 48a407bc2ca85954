"""China's hidden label: in every format that has a place for it, read by foreign readers, and the
sound untouched.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import metadata_tags, ogg
from audio.decoding import decode_trusted, decode_untrusted
from audio.encoding import OPUS_RATES, RATES, Output, encode_sound
from audio.sound import Sound
from audio.stream_encoder import STREAMED, Encoder, decode_sent_bytes
from provenance.c2pa import manifest_signer
from provenance.clips import aigc_label
from provenance.clips.aigc_label import AigcLabel, LabelFailed
from tests.support.signed_files import CARRIERS, CLIP, look, plain, signer, statement

CODE = "001191110102MAD55U9H0F"
LABEL = AigcLabel(producer=CODE, clip_id=CLIP)
BLOCK = {
    "Label": "1",
    "ContentProducer": CODE,
    "ProduceID": CLIP,
    "ReservedCode1": "",
    "ContentPropagator": "",
    "PropagateID": "",
    "ReservedCode2": "",
}


def labelled(codec: str) -> bytes:
    data = plain(codec)
    return aigc_label.add_label(data, codec, LABEL, heard=decode_trusted(data, codec))


def told(path: Path) -> list[str]:
    """Every text that ffprobe finds in a file."""
    words = [
        "ffprobe",
        "-v",
        "error",
        "-show_entries",
        "format_tags:stream_tags",
        "-of",
        "json",
        str(path),
    ]
    found = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    every = [found.get("format", {}), *found.get("streams", [])]
    return [f"{name}={value}" for one in every for name, value in one.get("tags", {}).items()]


class TestALabelledClip:
    @pytest.mark.parametrize("codec", metadata_tags.TAGGED)
    def test_says_what_the_standard_wants_and_nothing_personal(self, codec: str) -> None:
        data = labelled(codec)

        assert json.loads(LABEL.text()) == BLOCK
        assert LABEL.text().encode() in data
        assert aigc_label.read_label_attribute(data) == "1"

    @pytest.mark.parametrize("codec", metadata_tags.TAGGED)
    def test_sounds_as_it_did_to_us_and_to_the_decoder_of_foreign_files(self, codec: str) -> None:
        before = decode_trusted(plain(codec), codec)

        assert np.array_equal(decode_trusted(labelled(codec), codec).samples, before.samples)
        assert np.array_equal(
            decode_untrusted(labelled(codec)).sound.samples,
            decode_untrusted(plain(codec)).sound.samples,
        )

    @pytest.mark.parametrize("codec", metadata_tags.TAGGED)
    def test_is_read_by_a_reader_that_is_not_ours(self, codec: str, tmp_path: Path) -> None:
        if shutil.which("ffprobe") is None:
            pytest.skip("no ffprobe (apt-get install ffmpeg)")
        path = tmp_path / f"clip.{codec}"
        path.write_bytes(labelled(codec))

        assert any(LABEL.text() in text and "AIGC=" in text for text in told(path))

    def test_has_the_chunk_that_the_practice_guide_names_in_front_of_the_samples(self) -> None:
        data, at, chunks = labelled("wav"), 12, {}
        while at < len(data):
            size = struct.unpack_from("<I", data, at + 4)[0]
            chunks[data[at : at + 4]] = data[at + 8 : at + 8 + size]
            at += 8 + size + (size & 1)

        assert list(chunks) == [b"fmt ", b"AIGC", b"LIST", b"data"]
        assert json.loads(chunks[b"AIGC"]) == BLOCK
        assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8

    @pytest.mark.parametrize("rate", RATES)
    def test_is_made_at_every_rate(self, rate: int) -> None:
        noise = Sound(np.random.default_rng(7).normal(0, 0.1, rate).astype(np.float32), rate)
        for codec in metadata_tags.TAGGED:
            if codec == "opus" and rate not in OPUS_RATES:
                continue
            data = encode_sound(noise, Output(codec=codec, sample_rate_hz=rate))
            assert (
                aigc_label.read_label_attribute(
                    aigc_label.add_label(data, codec, LABEL, heard=decode_trusted(data, codec))
                )
                == "1"
            )

    @pytest.mark.parametrize("codec", ["pcm_s16le", "mulaw"])
    def test_of_bare_samples_is_left_alone(self, codec: str) -> None:
        assert aigc_label.add_label(
            plain(codec), codec, LABEL, heard=decode_trusted(plain(codec), codec)
        ) == plain(codec)

    def test_that_would_sound_otherwise_does_not_leave(self) -> None:
        other = Sound(np.zeros(1000, np.float32), 24_000)

        with pytest.raises(LabelFailed):
            aigc_label.add_label(plain("flac"), "flac", LABEL, heard=other)

    @pytest.mark.parametrize(
        "data", [b"", b"OggS", b"fLaC\x84\0\0\0", b"ID3\4\0\0\0\0\0\1x", b"RIFF\0\0\0\0WAVEfmt "]
    )
    def test_is_never_made_of_what_our_encoder_does_not_write(self, data: bytes) -> None:
        for codec in ("flac", "mp3", "ogg", "wav"):
            with pytest.raises(LabelFailed):
                aigc_label.add_label(
                    data, codec, LABEL, heard=Sound(np.zeros(8, np.float32), 24_000)
                )


class TestTheManifest:
    @pytest.mark.parametrize(("codec", "media_type"), CARRIERS.items())
    def test_binds_the_label_which_stays_readable(self, codec: str, media_type: str) -> None:
        made = manifest_signer.sign_manifest(labelled(codec), codec, statement(), signer=signer())

        assert look(made.data, media_type)[0] == "Trusted"
        assert aigc_label.read_label_attribute(made.data) == "1"
        assert (
            look(made.data.replace(CODE.encode(), CODE[::-1].encode()), media_type)[0] == "Invalid"
        )

    def test_is_not_made_when_the_tag_of_an_mp3_was_changed_on_the_way(self) -> None:
        data = labelled("mp3")
        made = manifest_signer.sign_manifest(data, "mp3", statement(), signer=signer()).data

        assert manifest_signer.is_audio_unchanged(made, data, "mp3")
        assert not manifest_signer.is_audio_unchanged(
            made.replace(b'"Label":"1"', b'"Label":"2"'), data, "mp3"
        )
        assert not manifest_signer.is_audio_unchanged(made + b"\0", data, "mp3")


class TestAStream:
    @pytest.mark.parametrize(
        "codec", [codec for codec in metadata_tags.TAGGED if codec in STREAMED]
    )
    def test_begins_with_the_label_and_sounds_the_same(self, codec: str) -> None:
        wanted = Output(
            codec=codec,
            sample_rate_hz=24_000,
            bit_rate_bps={"mp3": 64_000, "opus": 32_000}.get(codec),
        )
        samples = np.random.default_rng(3).normal(0, 0.1, 60_000).astype(np.float32)
        sent = []
        for front in (None, lambda data: aigc_label.label_stream_start(LABEL, codec, data)):
            encoder = Encoder(wanted, front=front)
            sent.append(
                b"".join(
                    [
                        *(encoder.push(samples[at : at + 999]) for at in range(0, 60_000, 999)),
                        encoder.finish(),
                    ]
                )
            )

        assert aigc_label.read_label_attribute(sent[0]) is None
        assert LABEL.text().encode() in sent[1][:1000]
        assert np.array_equal(
            decode_sent_bytes(sent[0], wanted).samples, decode_sent_bytes(sent[1], wanted).samples
        )


class TestAForeignBlock:
    @pytest.mark.parametrize(
        ("block", "word"),
        [
            (b'AIGC\0{"Label":"1","ContentProducer":"x"}', "1"),
            (b'AIGC={"AIGC":{"Label":"1"}}', "1"),
            (b'{"AIGC": {"Label": 2}}', "2"),
            (b"<TC260:AIGC>{&quot;Label&quot;:&quot;3&quot;}</TC260:AIGC>", "3"),
            ('AIGC\0{"Label":"1"}'.encode("utf-16-le"), "1"),
            (b'AIGC\0{"Label":"AIGC"}', "AIGC"),
            (b"AIGC AIGC" + b"x" * 300 + b'{"Label":"1"}', None),
            (b'AIGC={"label":"1"}', None),
            (b"AIGC={", None),
            (b"AIGC", None),
            (b"", None),
            (b'AIGC={"Label"', None),
            (b"AIGC" + b"[" * 9000 + b'{"Label":"1"}', None),
            (b'AIGC{"a":' + b"[" * 9000, None),
        ],
    )
    def test_is_found_wherever_its_writer_put_it(self, block: bytes, word: str | None) -> None:
        assert aigc_label.read_label_attribute(b"\x07\x03" + block + b"\0\xff") == word

    @pytest.mark.parametrize(
        ("word", "so"), [("1", True), ("AIGC", True), ("2", False), ("3", False), (None, False)]
    )
    def test_says_so_or_only_suspects(self, word: str | None, so: bool) -> None:
        assert aigc_label.is_synthetic_attribute(word) is so

    @given(st.binary(max_size=300))
    def test_never_raises(self, data: bytes) -> None:
        aigc_label.read_label_attribute(b"AIGC" + data)


class TestAPage:
    def test_has_the_checksum_that_ogg_wants(self) -> None:
        page = bytearray(plain("opus")[:47])
        wanted = bytes(page[22:26])
        page[22:26] = bytes(4)

        assert struct.pack("<I", ogg.compute_checksum(bytes(page))) == wanted
