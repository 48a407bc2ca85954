"""Reader of a bundle: a zip that is never unpacked, or a folder. Every byte is accounted for."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

from provenance.verifier.check_report import Refusal, Skipped, UnreadableBundle

FORMAT = "sayso-bundle/1"
MOST_FILES = 100_000
# Beyond this, Python's zipfile writes sizes and offsets in 64 bits.
ZIP64 = 2**31 - 1
BLOCK = 1 << 18


class Folder:
    """An unpacked bundle."""

    packed = "an unpacked folder"

    def __init__(self, path: Path) -> None:
        self._root = path
        self.sizes: dict[str, int] = {}

        for file in path.rglob("*"):
            found = file.lstat()
            if stat.S_ISREG(found.st_mode):
                self.sizes[file.relative_to(path).as_posix()] = found.st_size
            elif not stat.S_ISDIR(found.st_mode):
                raise Refusal(f"{file.name!r} is not a plain file")
            if len(self.sizes) > MOST_FILES:
                raise Refusal(f"more than {MOST_FILES} files")

    def open(self, name: str) -> IO[bytes]:
        """Open a file of the bundle."""
        return self._root.joinpath(name).open("rb")

    def account(self) -> None:
        """Skip the check: a folder has no bytes outside of its files."""
        raise Skipped("this is an unpacked folder; every file in it is checked below")


class Zip:
    """A zipped bundle.

    Nothing is unpacked to the disk, and nothing is read beyond its declared size.
    """

    packed = "a zip"

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (
            zipfile.BadZipFile,
            ValueError,
            NotImplementedError,
            struct.error,
            EOFError,
            UnicodeError,
        ) as error:
            raise UnreadableBundle(f"{path.name} is not a zip file, or not a whole one") from error

        self._path = path
        self.infos = sorted(self._zip.infolist(), key=lambda info: info.header_offset)
        if len(self.infos) > MOST_FILES:
            raise Refusal(f"more than {MOST_FILES} files")

        self.sizes = {info.orig_filename: info.file_size for info in self.infos}
        if len(self.sizes) != len(self.infos):
            raise Refusal("a name stands twice in the zip")
        if sum(info.compress_size for info in self.infos) > path.stat().st_size:
            raise Refusal("members of the zip overlap")

        for info in self.infos:
            kind = info.external_attr >> 16
            if (kind and stat.S_IFMT(kind) not in (0, stat.S_IFREG)) or info.is_dir():
                raise Refusal(f"{info.orig_filename!r} is not a plain file")
            if info.flag_bits & 1 or info.compress_type not in (
                zipfile.ZIP_STORED,
                zipfile.ZIP_DEFLATED,
            ):
                raise Refusal(f"{info.orig_filename!r} is encrypted or packed in a strange way")

    def open(self, name: str) -> IO[bytes]:
        """Open a member. Its CRC is checked when it was read to the end."""
        return self._zip.open(name)

    def account(self) -> None:
        """Check that the zip has no byte outside of its members, and none that its writer did not
        write.
        """
        comment = self._zip.comment
        if not comment:
            raise Skipped(
                "the zip was packed again by another program; every file in it is checked below"
            )

        if comment != FORMAT.encode("ascii"):
            raise Refusal("the comment of the zip is not ours")

        with self._path.open("rb") as file:
            at = 0
            for info in self.infos:
                at = _check_member(file, info, at)

            end = _build_directory(self.infos, at)
            if self._path.stat().st_size != at + len(end) or file.read() != end:
                raise Refusal("the directory of the zip is not as it was written")


def _check_member(file: IO[bytes], info: zipfile.ZipInfo, at: int) -> int:
    """Compare header, packed bytes and trailer of one member with the directory.

    Return where the next member must begin.
    """
    name = info.orig_filename.encode("utf-8")
    day, clock = _to_dos_time(info.date_time)

    file.seek(at)
    head = struct.unpack("<4s5H3L2H", file.read(30))
    large = head[10] == 20
    extra = struct.pack("<HHQQ", 1, 16, 0, 0) if large else b""

    forms = [(info.extract_version, 0xFFFFFFFF if large else 0)]
    # Python before 3.11.4 writes large members like this, and any Python a small member far behind.
    if large or at > ZIP64:
        forms.append((20, 0))
    said = [
        (
            b"PK\3\4",
            version,
            8,
            info.compress_type,
            clock,
            day,
            0,
            empty,
            empty,
            len(name),
            len(extra),
        )
        for version, empty in forms
    ]

    if (
        info.header_offset != at
        or head not in said
        or file.read(len(name) + len(extra)) != name + extra
    ):
        raise Refusal(f"the header of {info.orig_filename!r} is not as it was written")

    _check_packed_bytes(file, info)
    trailer = struct.pack(
        "<4sLQQ" if large else "<4sLLL", b"PK\7\x08", info.CRC, info.compress_size, info.file_size
    )
    if file.read(len(trailer)) != trailer:
        raise Refusal(f"the trailer of {info.orig_filename!r} is not as it was written")

    return file.tell()


def _check_packed_bytes(file: IO[bytes], info: zipfile.ZipInfo) -> None:
    """Check that a deflate stream ends exactly where the member does, so that nothing hides after
    it.
    """
    left = info.compress_size
    packed = zlib.decompressobj(-15)

    while left:
        block = file.read(min(left, BLOCK))
        if not block:
            raise Refusal(f"{info.orig_filename!r} is cut")

        left -= len(block)
        while block and info.compress_type == zipfile.ZIP_DEFLATED:
            packed.decompress(block, BLOCK)
            block = packed.unconsumed_tail

    if info.compress_type == zipfile.ZIP_DEFLATED and (not packed.eof or packed.unused_data):
        raise Refusal(f"{info.orig_filename!r} holds more than its file")


def _build_directory(infos: list[zipfile.ZipInfo], at: int) -> bytes:
    """Return the directory and closing records of the zip as its writer wrote them at `at`."""
    marker = FORMAT.encode("ascii")
    lines = b"".join(map(_build_directory_line, infos))
    count = len(infos)
    length = len(lines)
    offset = at
    large = b""

    if max(at, length) > ZIP64:
        large = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, at)
        large += struct.pack("<4sLQL", b"PK\6\7", 0, at + length, 1)
        offset = min(at, 0xFFFFFFFF)

    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, length, offset, len(marker))

    return lines + large + end + marker


def _build_directory_line(info: zipfile.ZipInfo) -> bytes:
    name = info.orig_filename.encode("utf-8")
    day, clock = _to_dos_time(info.date_time)
    sizes = (info.compress_size, info.file_size)
    offset = info.header_offset
    beyond: list[int] = []

    if max(sizes) > ZIP64:
        beyond = [info.file_size, info.compress_size]
        sizes = (0xFFFFFFFF, 0xFFFFFFFF)
    if offset > ZIP64:
        beyond.append(offset)
        offset = 0xFFFFFFFF

    extra = struct.pack(f"<2H{len(beyond)}Q", 1, 8 * len(beyond), *beyond) if beyond else b""
    head = struct.pack(
        "<4s2B5H",
        b"PK\1\2",
        info.extract_version,
        3,
        info.extract_version,
        8,
        info.compress_type,
        clock,
        day,
    )
    tail = struct.pack(
        "<3L5H2L", info.CRC, *sizes, len(name), len(extra), 0, 0, 0, 0o600 << 16, offset
    )

    return head + tail + name + extra


def _to_dos_time(moment: tuple[int, int, int, int, int, int]) -> tuple[int, int]:
    year, month, day, hour, minute, second = moment

    return (year - 1980) << 9 | month << 5 | day, hour << 11 | minute << 5 | second // 2
