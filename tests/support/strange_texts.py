"""Texts that no one meant to have spoken: of many scripts, dotted, marked up, with controls."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Final

MOST_CHARACTERS: Final = 5_000  # of a text, as in the API
LONG_PART: Final = 420  # a little more than the engine speaks in one go
SHORT_PART: Final = 48
# First and last code point of scripts that are written, and of signs that are none.
SCRIPTS: Final = (
    (0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x17F), (0x180, 0x24F), (0x250, 0x2AF), (0x370, 0x3FF),
    (0x400, 0x52F), (0x531, 0x587), (0x5D0, 0x5EA), (0x620, 0x6D3), (0x710, 0x72C),
    (0x904, 0x939), (0x985, 0x9B9), (0xA05, 0xA39), (0xB85, 0xBB9), (0xC05, 0xC39),
    (0xD05, 0xD39), (0xE01, 0xE3A), (0xE81, 0xEC4), (0xF40, 0xF6C), (0x1000, 0x1021),
    (0x10D0, 0x10FA), (0x1200, 0x135A), (0x13A0, 0x13F4), (0x1780, 0x17B3), (0x1E00, 0x1EFF),
    (0x2800, 0x28FF), (0x3041, 0x3096), (0x30A1, 0x30FA), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3),
    (0x10300, 0x1031E), (0x1D400, 0x1D7FF), (0x1F300, 0x1FAFF), (0x20000, 0x20100),
)  # fmt: skip
SIGNS: Final = "!?.,;:…-–—_'\"’“”«»()[]{}<>/\\|@#$%^&*+=~`§©®°€£¥₹№‰¿¡。、！？؟،।・〜"
# What draws nothing, joins, turns the direction round or stands above another sign.
INVISIBLE: Final = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\u00ad\u034f\u061c\u3164"
    "\ufe0f\U000e0041\U000e007f\ue000\ufffd\uffff\u0300\u0301\u0323\u0489\u20dd"
)
CONTROLS: Final = "".join(map(chr, (*range(32), 127, *range(128, 160))))
MARKUP: Final = (
    "<speak>", "</speak>", '<break time="3s"/>', "<break/>", '<phoneme alphabet="ipa" ph="a">',
    '<prosody rate="900%">', "</prosody>", "<voice name='x'>", '<say-as interpret-as="date">',
    "<mark name='m'/>", "<audio src='file:///etc/passwd'/>", "<p>", "</s>",
    "<amazon:effect name='w'>", "<!-- a -->", "<![CDATA[b]]>", "<?xml version='1.0'?>", "&lt;",
    "&amp;", "&#0;", "&#x1F600;", "&nbsp;", "[[h@'loU]]", "[[", "]]", "<", ">", "<<<", "{{x}}",
    "${x}", "%s%n%x", "\\x00", "\\n",
)  # fmt: skip
NUMBERS: Final = (
    "0", "-0", "007", "3.14159", "1,000,000.00", "1.000.000,00", "1e400", "-1E-400", "NaN",
    "9" * 60, "0." + "1" * 90, "1/2", "½", "²³", "٣٤٥", "१२३", "一百二十三", "Ⅷ", "MCMXCIX",
    "12:59:60", "2026-11-30T23:59:60Z", "31.02.2027", "+49 30 1234567", "1st", "22nd", "€5", "5 €",
    "$1.2bn", "100%", "-40 °C", "10^100", "0x1F", "1_000", "192.168.0.1", "::1", "v1.2.3-rc.4",
)  # fmt: skip
CODES: Final = (
    "https://example.org/a?b=c&d=%00#e", "name@example.org", "C:\\Windows\\System32", "../../etc",
    "SELECT * FROM voices; --", "f(x)=∑_{i=0}^n x_i^2", "\\frac{a}{b}", "#!/bin/sh", "#hash_tag",
    "@name", "e.g.", "i.e.", "z.B.", "U.S.A.", "a.k.a.", "Ph.D.", "Dr.", "No.", "...", ":-)",
)  # fmt: skip
WORDS: Final = (
    "the", "harbour", "lay", "quiet", "in", "the", "morning", "and", "only", "two",
    "boats", "had", "come", "in", "with", "the", "tide;", "am", "Morgen", "lag",
    "der", "Hafen", "still;", "le", "port", "était", "calme;", "утром", "в", "гавани",
    "было", "тихо;", "सुबह", "बंदरगाह", "शांत", "था;", "今朝の港は静かでした;", "항구는", "조용했다;",
    "كان", "الميناء", "هادئا;", "הנמל", "היה", "שקט;", "το", "λιμάνι", "ήταν",
    "ήσυχο",
)  # fmt: skip


def list_strange_texts(count: int, *, seed: int) -> Iterator[tuple[str, str]]:
    """Yield `count` texts, each with the name of its kind. The same seed gives the same texts.

    Most are short, so that many can be spoken. Every eighth may be as long as one part that the
    engine speaks, and every hundredth as long as a text of the API.
    """
    chance = random.Random(seed)
    kinds = list(KINDS)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        longest = LONG_PART if number % 8 == 7 else SHORT_PART
        if number % 100 == 99:
            longest = MOST_CHARACTERS
        yield kind, KINDS[kind](chance)[:longest]


def _write_scripts(chance: random.Random) -> str:
    return " ".join(
        "".join(chr(chance.randint(*script)) for _ in range(chance.randint(1, 12)))
        for script in chance.choices(SCRIPTS, k=chance.randint(1, 14))
    )


def _write_one_script(chance: random.Random) -> str:
    script = chance.choice(SCRIPTS)
    letters = [chr(chance.randint(*script)) for _ in range(chance.randint(1, 150))]
    return "".join(one + " " * (chance.random() < 0.15) for one in letters)


def _write_dotted(chance: random.Random) -> str:
    """Return letters with dots behind them: few, about a hundred, or as many as there may be."""
    script = chance.choice(SCRIPTS)
    length = chance.choice((3, 20, 59, 60, 61, 99, 100, 130, 500, 2_500))
    dot = chance.choice((".", ".", ".", "..", ". ", "․", "。", ".-", ".,", "'", "·"))
    most = chance.choice((1, 1, 1, 2, 4))
    return "".join(
        "".join(chr(chance.randint(*script)) for _ in range(chance.randint(1, most))) + dot
        for _ in range(length)
    )


def _write_long(chance: random.Random) -> str:
    """Return a word without end, one sign many times, or a letter below a tower of marks."""
    length = chance.choice((50, 300, 399, 400, 401, 1_000, 2_000))
    match chance.randrange(4):
        case 0:
            return chr(chance.randint(*chance.choice(SCRIPTS))) * length
        case 1:
            return "".join(chance.choices("bcdfghjklmnpqrstvwxz", k=length))
        case 2:
            return "".join(chance.choices("aeiouäöüéèyæø", k=length))
        case _:
            return "Z" + "".join(chance.choices("\u0300\u0301\u0323\u0336\u0489", k=length))


def _write_controls(chance: random.Random) -> str:
    # Behind \x01 stand commands of espeak: its rate, its voice, its punctuation.
    command = "\x01" + chance.choice(("900S", "99P", "200A", "Y", "O", "VZ", "1F", "+10S"))
    parts = [*chance.choices(WORDS, k=6), *chance.choices(CONTROLS, k=4), command]
    chance.shuffle(parts)
    return chance.choice(("", " ")).join(parts)


def _write_invisible(chance: random.Random) -> str:
    letters = list(" ".join(chance.choices(WORDS, k=8)))
    for sign in chance.choices(INVISIBLE, k=chance.randint(1, 40)):
        letters.insert(chance.randint(0, len(letters)), sign)
    return "".join(letters)


def _write_pieces(pieces: tuple[str, ...], longest: int) -> Callable[[random.Random], str]:
    def write(chance: random.Random) -> str:
        some = chance.choices(pieces, k=chance.randint(1, longest)) + chance.choices(WORDS, k=4)
        chance.shuffle(some)
        return chance.choice((" ", " ", "", "\n")).join(some)

    return write


def _write_signs(chance: random.Random) -> str:
    depth = chance.choice((1, 5, 60, 400))
    nested = chance.choice(("()", "[]", "<>", "“”", "«»", '""'))
    return chance.choice(
        (
            "".join(chance.choices(SIGNS, k=chance.randint(1, 200))),
            nested[0] * depth + chance.choice(WORDS) + nested[1] * depth,
            chance.choice(SIGNS) * depth,
            chance.choice(WORDS) + "".join(chance.choices(SIGNS, k=20)) + chance.choice(WORDS),
        )
    )


def _write_mixed(chance: random.Random) -> str:
    """Return parts of other kinds, cut, doubled and joined at random."""
    parts = []
    for kind in chance.choices(list(KINDS)[:-1], k=chance.randint(2, 5)):
        text = KINDS[kind](chance)
        start = chance.randrange(max(1, len(text)))
        parts += [text[start : start + chance.randint(1, 120)]] * chance.choice((1, 1, 2))
    chance.shuffle(parts)
    return chance.choice(("", " ", "\n\n", ". ")).join(parts)


KINDS: Final[dict[str, Callable[[random.Random], str]]] = {
    "many scripts": _write_scripts,
    "one script": _write_one_script,
    "dotted letters": _write_dotted,
    "words without end": _write_long,
    "control characters": _write_controls,
    "invisible signs": _write_invisible,
    "markup": _write_pieces(MARKUP, 12),
    "numbers": _write_pieces(NUMBERS, 10),
    "codes": _write_pieces(CODES, 12),
    "punctuation": _write_signs,
    "mixed": _write_mixed,
}
