"""Key files: what is read, what is written, and which line is at fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watermark.audiowmark import AudiowmarkKey, KeyFileError, key_files

HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
GOOD = [
    (f"key {HEX}", ""),
    (f"key {HEX.upper()}\n", ""),
    (f"# a comment\n\n  key\t{HEX} # another\r\nname plain-1.2:3/4=5_6\n", "plain-1.2:3/4=5_6"),
    (f'name "two words # no comment"\nkey {HEX}', "two words # no comment"),
    (rf'key "{HEX}"{chr(10)}name "quote \" and \\ and \n"', 'quote " and \\ and n'),
    (f'key {HEX}\nname ""', ""),
    (f"key {HEX}\nname one\nname two", "two"),
]
BAD = [
    ("", 0),
    ("# nothing\n", 0),
    (f"key {HEX}\nkey {HEX}", 2),
    (f"\n\nkey {HEX[:-1]}", 3),
    (f"key {HEX}0", 1),
    (f"key {HEX[:-1]}g", 1),
    (f"key {HEX[:-1]}٣", 1),
    ("key", 1),
    (f"key {HEX} more", 1),
    (f"key {HEX}\nKEY {HEX}", 2),
    (f"key {HEX}\nname", 2),
    (f"key {HEX}\nname two words", 2),
    (f"key {HEX}\ncolour blue", 2),
    (f'key {HEX}\nname "open', 2),
    (f'key {HEX}\nname "open\\', 2),
    (f"key {HEX}\nname über", 2),
    (f'key {HEX}\nname a"b"', 2),
    (f"{HEX}", 1),
]


class TestAFile:
    def test_may_begin_with_the_mark_of_an_editor(self, tmp_path: Path) -> None:
        """C53: a byte-order mark in a text that is read."""
        (tmp_path / "key").write_bytes(b"\xef\xbb\xbf" + f"key {HEX}\n".encode())
        assert key_files.read_key_file(tmp_path / "key").secret == bytes.fromhex(HEX)


class TestParse:
    @pytest.mark.parametrize(("text", "name"), GOOD)
    def test_reads_the_program_s_form(self, text: str, name: str) -> None:
        assert key_files.parse_key_file(text) == AudiowmarkKey(secret=bytes.fromhex(HEX), name=name)

    @pytest.mark.parametrize(("text", "line"), BAD)
    def test_says_which_line_is_at_fault(self, text: str, line: int) -> None:
        with pytest.raises(KeyFileError) as caught:
            key_files.parse_key_file(text)
        assert caught.value.line == line
        assert str(caught.value).startswith(f"line {line}: ") is (line > 0)

    @given(st.text())
    def test_reads_anything_or_says_what_is_wrong(self, text: str) -> None:
        try:
            key_files.parse_key_file(text)
        except KeyFileError as error:
            assert 0 <= error.line <= text.count("\n") + 1

    def test_never_repeats_what_may_be_a_secret(self) -> None:
        with pytest.raises(KeyFileError) as caught:
            key_files.parse_key_file(f"key {HEX}0")
        assert HEX not in str(caught.value)
        assert HEX not in repr(AudiowmarkKey(secret=bytes.fromhex(HEX)))


class TestRead:
    def test_names_a_key_after_its_file(self, tmp_path: Path) -> None:
        path = tmp_path / "my.key"
        path.write_text(f"key {HEX}\n", encoding="ascii")
        assert key_files.read_key_file(path) == AudiowmarkKey(
            secret=bytes.fromhex(HEX), name="my.key"
        )

    def test_refuses_what_is_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "my.key"
        path.write_bytes(b"# one\n# two \xff\n")
        with pytest.raises(KeyFileError, match="line 2"):
            key_files.read_key_file(path)

    def test_refuses_a_film(self, tmp_path: Path) -> None:
        path = tmp_path / "my.key"
        path.write_bytes(bytes(key_files.MOST_BYTES + 1))
        with pytest.raises(KeyFileError, match="too long"):
            key_files.read_key_file(path)


class TestWritten:
    def test_is_what_the_program_writes(self) -> None:
        wanted = f'# watermarking key for audiowmark\n\nkey {HEX}\nname "a \\"b\\" \\\\ c"\n'
        assert (
            key_files.format_key_file(AudiowmarkKey(secret=bytes.fromhex(HEX), name='a "b" \\ c'))
            == wanted
        )

    @given(
        st.binary(min_size=16, max_size=16),
        st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"])),
    )
    def test_is_read_back(self, secret: bytes, name: str) -> None:
        key = AudiowmarkKey(secret=secret, name=name)
        assert key_files.parse_key_file(key_files.format_key_file(key)) == key

    @pytest.mark.parametrize("name", ["a\nb", "\x00", "tab\t"])
    def test_refuses_a_name_that_the_form_cannot_hold(self, name: str) -> None:
        with pytest.raises(KeyFileError):
            key_files.format_key_file(AudiowmarkKey(secret=bytes(16), name=name))

    @pytest.mark.parametrize("size", [0, 15, 17, 32])
    def test_is_asked_of_whole_keys_alone(self, size: int) -> None:
        with pytest.raises(ValueError, match="16 bytes"):
            AudiowmarkKey(secret=bytes(size))
