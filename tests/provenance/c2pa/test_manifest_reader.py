"""Reading foreign manifests: what each state means, and what a hostile file can never bring
about.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

import c2pa
import pytest
from pytest_django import Settings

from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from provenance.c2pa import manifest, manifest_reader, manifest_signer, signing_authority
from provenance.c2pa.manifest_reader import ManifestReaderUnavailable, ManifestState
from provenance.c2pa.manifest_signer import Parent, SignedManifest
from tests.conftest import NOON
from tests.support.audio_files import clip, remuxed
from tests.support.loopback_server import listening
from tests.support.sandbox_programs import build_sandbox
from tests.support.signed_files import (
    CARRIERS,
    CLIP,
    MANIFEST,
    fresh,
    plain,
    root,
    signed,
    signer,
    statement,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def ours(codec: str, **changes: object) -> SignedManifest:
    """The reader's two seconds, signed with this installation's key."""
    return manifest_signer.sign_manifest(
        plain(codec),
        codec,
        statement(**changes),
        signer=signing_authority.get_manifest_signer(at=NOON),
    )


def naming(address: str) -> bytes:
    """A file that carries the address of a manifest and no manifest."""
    sink = io.BytesIO()
    with (
        c2pa.Context.from_dict(manifest_signer.build_settings(root())) as context,
        c2pa.Signer.from_callback(
            signer().sign, c2pa.C2paSigningAlg.ED25519, signer().chain
        ) as native,
        c2pa.Builder(manifest.build_definition(statement()), context) as builder,
    ):
        builder.set_no_embed()
        builder.set_remote_url(address)
        builder.sign(native, "audio/wav", io.BytesIO(plain("wav")), sink)
    return sink.getvalue()


@cache
def _reversed(codec: str) -> bytes:
    whole = clip()
    return encode_sound(
        Sound(whole.samples[: 2 * whole.rate][::-1].copy(), whole.rate), Output(codec=codec)
    )


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :]


def boxes(content: bytes, at: int = 0, within: str = "") -> Iterator[tuple[str, int, int]]:
    """Every box of a manifest that is no box of boxes (ISO 19566-5): the path of labels to it, its
    place and size.
    """
    place, label = 0, within
    while place < len(content):
        size, kind = (
            int.from_bytes(content[place : place + 4], "big"),
            content[place + 4 : place + 8],
        )
        body = content[place + 8 : place + size]
        if kind == b"jumd":
            label = f"{within}/{body[17:].partition(bytes(1))[0].decode()}"
            yield f"{label} (description)", at + place + 8, len(body)
        elif kind == b"jumb":
            yield from boxes(body, at + place + 8, label)
        else:
            yield label, at + place + 8, len(body)
        place += size


class TestRead:
    @pytest.mark.parametrize("codec", CARRIERS)
    def test_knows_ours_and_the_clip_that_it_names(self, codec: str) -> None:
        found = manifest_reader.read_credentials(ours(codec).data)

        assert (found.state, found.ours, found.clip_id, found.manifest_id) == (
            ManifestState.TRUSTED,
            True,
            CLIP,
            MANIFEST,
        )
        assert found.synthetic

    def test_knows_ours_beside_the_file(self) -> None:
        made = ours("opus")

        assert manifest_reader.read_credentials(made.data, sidecar=made.manifest).ours
        assert (
            manifest_reader.read_credentials(made.data + b"x", sidecar=made.manifest).state
            is ManifestState.INVALID
        )

    def test_knows_ours_after_a_rotation(self) -> None:
        made = ours("wav")
        signing_authority.rotate_leaf(at=NOON)

        assert manifest_reader.read_credentials(made.data).ours

    def test_a_stranger_under_a_root_that_no_one_knows_is_not_trusted(self) -> None:
        found = manifest_reader.read_credentials(signed("wav", "stranger").data)

        assert (found.state, found.ours, found.synthetic) == (
            ManifestState.UNKNOWN_SIGNER,
            False,
            True,
        )

    def test_a_stranger_whom_the_operator_trusts_is_trusted_and_not_ours(
        self, settings: Settings
    ) -> None:
        settings.SAYSO_C2PA_ANCHORS = root("stranger")
        signing_authority.ensure_leaf(at=NOON)

        found = manifest_reader.read_credentials(signed("wav", "stranger").data)

        assert (found.state, found.ours) == (ManifestState.TRUSTED, False)

    def test_names_what_a_clip_was_made_from(self) -> None:
        both = signer()
        parent = Parent(media_type="audio/mpeg", data=signed("mp3").data)
        made = manifest_signer.sign_manifest(
            plain("wav"), "wav", statement(manifest_id=fresh()), signer=both, parent=parent
        )

        assert manifest_reader.read_credentials(made.data).ingredients == (MANIFEST,)

    @pytest.mark.parametrize("codec", ["wav", "mp3", "flac", "ogg"])
    def test_a_plain_file_has_none(self, codec: str) -> None:
        assert manifest_reader.read_credentials(plain(codec)).state is ManifestState.ABSENT


class TestAManifest:
    @pytest.mark.parametrize("codec", CARRIERS)
    def test_is_gone_after_a_remux_and_the_sound_is_not(self, codec: str) -> None:
        """As any editor or upload does; the watermark is for that."""
        stripped = remuxed(ours(codec).data, {"m4a": "mp4"}.get(codec, codec))

        assert manifest_reader.read_credentials(stripped).state is ManifestState.ABSENT
        assert decode_untrusted(stripped).sound.seconds == pytest.approx(2.0, abs=0.1)

    @pytest.mark.parametrize("codec", CARRIERS)
    def test_moved_to_another_file_does_not_fit_it(self, codec: str) -> None:
        made, audio = ours(codec), plain(codec)
        other = _reversed(codec)
        if codec == "wav":
            chunk = made.data[len(audio) :]
            moved = other[:4] + struct.pack("<I", len(other) + len(chunk) - 8) + other[8:] + chunk
        else:
            moved = made.data[: -len(audio)] + other

        found = manifest_reader.read_credentials(moved)
        assert (found.state, found.ours, found.manifest_id) == (
            ManifestState.INVALID,
            False,
            MANIFEST,
        )

    @pytest.mark.parametrize("codec", CARRIERS)
    def test_is_never_ours_when_the_sound_was_touched(self, codec: str) -> None:
        made, audio = ours(codec), plain(codec)
        start = 44 if codec == "wav" else len(made.data) - len(audio)
        for at in Random(7).sample(range(start, start + len(audio) - 44), 4):
            assert not manifest_reader.read_credentials(flipped(made.data, at)).ours

    def test_may_be_touched_in_its_padding_and_stays_trusted(self) -> None:
        """Hence the file's own hash is on record: the manifest is not the file's identity."""
        made = ours("wav")
        padding = made.offset + made.manifest.rindex(b"\0" * 200) + 100

        assert (
            manifest_reader.read_credentials(flipped(made.data, padding)).state
            is ManifestState.TRUSTED
        )

    @pytest.mark.parametrize("codec", CARRIERS)
    def test_is_not_trusted_when_a_byte_in_the_head_of_its_file_was_touched(
        self, codec: str
    ) -> None:
        data = ours(codec).data
        places = (0, 4, 30, 33) if codec == "m4a" else (0, 4, 8, 20, 40)

        found = {manifest_reader.read_credentials(flipped(data, at)).state for at in places}

        assert found <= {ManifestState.INVALID, ManifestState.UNREADABLE, ManifestState.ABSENT}

    def test_may_be_trusted_in_an_m4a_of_other_brands(self) -> None:
        """C2PA leaves the `ftyp` box out of what it hashes (2.2, appendix A.5): a limit, stated as
        one.
        """
        assert (
            manifest_reader.read_credentials(flipped(ours("m4a").data, 12)).state
            is ManifestState.TRUSTED
        )

    def test_is_not_trusted_when_a_byte_in_any_part_of_it_was_touched(self) -> None:
        made = ours("wav")
        parts = {name: (at, size) for name, at, size in boxes(made.manifest)}
        assert {name.rpartition("/")[2] for name in parts} >= {
            "c2pa.actions.v2", "c2pa.soft-binding", "cawg.training-mining", manifest.CONSENT,
            "c2pa.hash.data", "c2pa.claim.v2", "c2pa.signature",
        }  # fmt: skip

        for name, (at, size) in parts.items():
            places = (40, 300) if name.endswith("c2pa.signature") else (0, size // 2, size - 1)
            states = {
                manifest_reader.read_credentials(flipped(made.data, made.offset + at + place)).state
                for place in places
            }
            assert (name, states - {ManifestState.INVALID, ManifestState.UNREADABLE}) == (
                name,
                set(),
            )

    def test_touched_anywhere_is_trusted_only_where_it_is_padding(self) -> None:
        made = ours("mp3")
        for at in Random(11).sample(range(len(made.manifest)), 12):
            state = manifest_reader.read_credentials(flipped(made.data, made.offset + at)).state
            assert state is not ManifestState.TRUSTED or not any(made.manifest[at - 8 : at + 8])

    @pytest.mark.parametrize("share", [0.02, 0.2, 0.6, 0.99])
    def test_cut_short_is_not_trusted(self, share: float) -> None:
        data = ours("wav").data

        assert manifest_reader.read_credentials(data[: round(share * len(data))]).state in {
            ManifestState.UNREADABLE,
            ManifestState.ABSENT,
        }

    @pytest.mark.parametrize(
        "data", [b"jumb", b"RIFF\xff\xff\xff\xffWAVEjumbc2pa", b"ID3\x04\0\0\x7f\x7f\x7f\x7fjumb"]
    )
    def test_that_is_none_is_unreadable(self, data: bytes) -> None:
        assert manifest_reader.read_credentials(data).state in {
            ManifestState.UNREADABLE,
            ManifestState.ABSENT,
        }


class TestAnAddress:
    def test_of_a_manifest_is_never_asked(self) -> None:
        with listening() as (port, asked):
            found = manifest_reader.read_credentials(
                naming(f"http://127.0.0.1:{port}/manifest.c2pa")
            )

        assert (found.state, asked) == (ManifestState.REMOTE_ONLY, [])

    def test_is_not_even_reached_when_the_library_is_told_to_ask(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The child may open nothing: should the setting be lost one day, there is still no
        socket.
        """
        asking = manifest_signer.build_settings(root())
        asking["verify"]["remote_manifest_fetch"] = True
        with listening() as (port, asked):
            data = naming(f"http://127.0.0.1:{port}/manifest.c2pa")
            monkeypatch.setattr(manifest_signer, "build_settings", lambda _anchors: asking)
            found = manifest_reader.read_credentials(data)
            assert (
                found.state in {ManifestState.REMOTE_ONLY, ManifestState.UNREADABLE},
                asked,
            ) == (True, [])

            with (
                pytest.raises(c2pa.C2paError),
                c2pa.Context.from_dict(asking) as context,
            ):  # and here it does ask
                c2pa.Reader("audio/wav", io.BytesIO(data), context=context)
            assert len(asked) > 0


class TestTheChild:
    def test_that_ends_before_it_begins_says_nothing_about_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sandbox = build_sandbox(tmp_path, "", load="raise SystemExit(1)")
        monkeypatch.setattr(manifest_reader, "_SANDBOX", sandbox)

        with pytest.raises(ManifestReaderUnavailable):
            manifest_reader.read_credentials(b"jumb")
        sandbox.close()

    def test_that_dies_on_a_file_means_that_the_file_is_unreadable(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sandbox = build_sandbox(tmp_path, """sink.write(b'{"state"'); sink.flush(); os.abort()""")
        monkeypatch.setattr(manifest_reader, "_SANDBOX", sandbox)

        assert manifest_reader.read_credentials(b"jumb").state is ManifestState.UNREADABLE
        sandbox.close()
