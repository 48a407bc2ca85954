"""What each official SDK was driven to do, as a table, and where each of its cells is proved.

`python -m tests.support.sdk_matrix` writes it into docs/providers.md.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.python_routes import Route

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "providers.md"
TESTS: Final = ROOT / "tests" / "sdk"
COLUMNS: Final = ("clone", "list", "speak", "stream", "refused language", "delete")
CUT: Final = "revoked mid-stream"
DRIVEN: Final = "driven"


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkRow:
    """One SDK, or one module of it.

    `program` drives it, and notes each call by a name: that of the column, or the one in `notes`.
    `absent` are columns for which it has no call, with the route that none of its files names.
    `broken` are those whose call no server can answer, with the reason. `refusal` is how a refusal
    is told.
    """

    name: str
    package: str
    provider: str
    program: str
    refusal: str
    module: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    absent: dict[str, Route] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def is_javascript(self) -> bool:
        """Whether its program runs in Node."""
        return self.program.endswith(".mjs")

    def describe(self, column: str) -> str:
        """Return the cell of a column."""
        if column in self.absent:
            return "not in this SDK"
        if column in self.broken:
            return self.broken[column]

        return f"`{self.refusal}`" if column == "refused language" else DRIVEN


_RESEMBLE: Final = {"speak": "direct"}
_DICTIONARY: Final = "success: false"
ROWS: Final = (
    SdkRow(
        name="fishaudio", package="fish-audio-sdk", provider="fish", program="fish_python.py",
        refusal="PermissionError", module="fishaudio",
    ),
    SdkRow(
        name="fish_audio_sdk", package="fish-audio-sdk", provider="fish", program="fish_python.py",
        refusal="HttpCodeErr", module="fish_audio_sdk",
    ),
    SdkRow(
        name="elevenlabs", package="elevenlabs", provider="elevenlabs",
        program="elevenlabs_python.py", refusal="ApiError",
    ),
    SdkRow(
        name="cartesia", package="cartesia", provider="cartesia", program="cartesia_python.py",
        refusal="PermissionDeniedError",
    ),
    SdkRow(
        name="openai", package="openai", provider="openai", program="openai_python.py",
        refusal="PermissionDeniedError", absent={"list": ("GET", "audio/voices")},
    ),
    SdkRow(
        name="resemble", package="resemble", provider="resemble", program="resemble_python.py",
        refusal=_DICTIONARY, notes={**_RESEMBLE, "clone": "create"},
    ),
    SdkRow(
        name="inworld_tts", package="inworld-tts", provider="inworld", program="inworld_python.py",
        refusal="ApiError",
    ),
    SdkRow(
        name="@elevenlabs/elevenlabs-js", package="@elevenlabs/elevenlabs-js",
        provider="elevenlabs", program="elevenlabs_javascript.mjs", refusal="ElevenLabsError",
    ),
    SdkRow(
        name="@cartesia/cartesia-js", package="@cartesia/cartesia-js", provider="cartesia",
        program="cartesia_javascript.mjs", refusal="PermissionDeniedError",
    ),
    SdkRow(
        name="openai", package="openai", provider="openai", program="openai_javascript.mjs",
        refusal="PermissionDeniedError",
        absent={
            "clone": ("POST", "audio/voices"), "list": ("GET", "audio/voices"),
            "delete": ("DELETE", "audio/voices/{}"),
        },
    ),
    SdkRow(
        name="fish-audio", package="fish-audio", provider="fish", program="fish_javascript.mjs",
        refusal="FishAudioError",
    ),
    SdkRow(
        name="@resemble/node", package="@resemble/node", provider="resemble",
        program="resemble_javascript.mjs", refusal=_DICTIONARY, notes=_RESEMBLE,
        broken={"clone": "its form names no boundary, so no server can read it"},
    ),
    SdkRow(
        name="@inworld/tts", package="@inworld/tts", provider="inworld",
        program="inworld_javascript.mjs", refusal="ApiError",
    ),
)  # fmt: skip


def read_version(row: SdkRow) -> str:
    """Return the pinned version of the row's package."""
    if row.is_javascript:
        pinned = json.loads((TESTS / "javascript" / "package.json").read_text())
        return str(pinned["dependencies"][row.package])

    found = re.search(
        rf"^{re.escape(row.package)}==(\S+)$", (TESTS / "requirements.in").read_text(), re.MULTILINE
    )
    assert found is not None, row.package
    return found[1]


def is_noted(row: SdkRow, column: str) -> bool:
    """Return whether the row's program notes what came of this call."""
    name = row.notes.get(column, "refused" if column == "refused language" else column)
    text = (TESTS / "programs" / row.program).read_text()
    return any(sign in text for sign in (f'done["{name}"]', f'note("{name}"', f"done.{name} ="))


def is_cut(row: SdkRow) -> bool:
    """Return whether the row is driven while its consent ends."""
    ending = "mjs" if row.is_javascript else "py"
    text = TESTS / "programs" / f"cut_{'javascript.mjs' if ending == 'mjs' else 'python.py'}"
    named = (TESTS / "test_cut_streams.py").read_text()
    listed = re.search(
        rf"^{'JAVASCRIPT' if row.is_javascript else 'PYTHON'}: Final = \(([^)]*)\)",
        named,
        re.MULTILINE,
    )
    assert listed is not None
    is_module = not row.module or row.module in text.read_text()
    return f'"{row.provider}"' in listed[1] and is_module


def write_matrix() -> str:
    """Return the table in Markdown."""
    columns = (*COLUMNS[:-1], CUT, COLUMNS[-1])
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for row in ROWS:
        language = "JavaScript" if row.is_javascript else "Python"
        cut = "raises" if is_cut(row) else "not driven yet"
        cells = [*(row.describe(column) for column in COLUMNS[:-1]), cut, row.describe(COLUMNS[-1])]
        lines.append(f"| {language} `{row.name}` {read_version(row)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def replace_matrix(page: str) -> str:
    """Return the page with today's table."""
    begin, end = "<!-- table of SDKs -->\n", "\n<!-- end of table of SDKs -->"
    head, mark, rest = page.partition(begin)
    assert mark, "the page has a place for the table"
    return head + begin + write_matrix() + end + rest.partition(end)[2]


if __name__ == "__main__":
    PAGE.write_text(replace_matrix(PAGE.read_text()))
