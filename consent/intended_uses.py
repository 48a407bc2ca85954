"""Intended uses: what the asker wrote about a purpose, and the person read before they signed.

The words may name people, so they lie sealed under the person's key with a random salt. Scopes, signed records and the
log hold a hash over both. While the key lives, the words can be shown and proven; afterwards nobody can even try a
guess, because the salt is gone with them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from consent.models import Grant
from consent.rules.scopes import Scope
from core.canonical import Json
from vault import keys, sealing

WORDS: Final = "intended_uses"
HASH: Final = "intended_uses_sha256"
_DOMAIN: Final = b"sayso-intended-uses-v1\n"
_SALT_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Words:
    """One text with the salt of its hash."""

    text: str
    salt: bytes

    @property
    def sha256(self) -> str:
        """The hash that stands for them."""
        return hashlib.sha256(_DOMAIN + self.salt + self.text.encode("utf-8")).hexdigest()


def salted(text: str) -> Words:
    """Give the words with a fresh salt."""
    return Words(text=text, salt=secrets.token_bytes(_SALT_BYTES))


def closed(scope: Mapping[str, Json], words: Words) -> Scope:
    """Give a scope as it is kept: the hash in the place of the words."""
    return {name: value for name, value in scope.items() if name != WORDS} | {HASH: words.sha256}


def sealed(grant_id: str, subject: str, words: Iterable[Words]) -> bytes:
    """Seal the words of a grant: those that were signed, and those that a narrowing put in their place."""
    value: list[Json] = [{"text": one.text, "salt": one.salt.hex()} for one in words]
    return sealing.seal(subject, _context(grant_id), value)


def opened(grant: Grant, subject: str) -> tuple[Words, ...]:
    """Open all words of a grant; none after an erasure."""
    return next(iter(opened_of([grant], subject).values()), ())


def opened_of(grants: Iterable[Grant], subject: str) -> dict[str, tuple[Words, ...]]:
    """Open the words of several grants of one person with one look at the key, by grant id."""
    held = {grant.id: bytes(grant.sealed_words) for grant in grants if grant.sealed_words is not None}
    if not held:
        return {}
    try:
        derive = keys.deriver(subject)
    except keys.KeyDestroyed:
        return {}
    return {grant_id: tuple(_read(derive, grant_id, sealed_words)) for grant_id, sealed_words in held.items()}


def chosen(scope: Mapping[str, Json], words: Iterable[Words]) -> Words | None:
    """Give the words that a scope's hash stands for; None after an erasure."""
    return next((one for one in words if one.sha256 == scope.get(HASH)), None)


def shown(scope: Mapping[str, Json], words: Iterable[Words]) -> Scope:
    """Give a scope as it is shown: with the words, or None in their place, beside their hash."""
    found = chosen(scope, words)
    return {**scope, WORDS: found.text if found else None}


def _read(derive: keys.Derive, grant_id: str, sealed_words: bytes) -> Iterator[Words]:
    value = sealing.unseal_with(derive, _context(grant_id), sealed_words)
    for one in cast("list[dict[str, str]]", value):
        yield Words(text=one["text"], salt=bytes.fromhex(one["salt"]))


def _context(grant_id: str) -> str:
    return f"grant|{grant_id}|words"
