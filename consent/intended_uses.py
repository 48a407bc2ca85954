"""Intended uses: the words about a purpose, which the person read before they signed.

The words may name people, so they are sealed under the person's key with a random salt. Scopes,
signed records and the log hold a hash over both. While the key exists the words can be shown and
proven. Afterwards no guess can be tested either, because the salt was sealed with them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from consent.models import Grant
from consent.policy.grant_scope import Scope
from core.canonical_json import Json
from vault import sealed_values, subject_keys

WORDS: Final = "intended_uses"
HASH: Final = "intended_uses_sha256"
_DOMAIN: Final = b"sayso-intended-uses-v1\n"
_SALT_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IntendedUseWords:
    """One text with the salt of its hash."""

    text: str
    salt: bytes

    @property
    def sha256(self) -> str:
        """Return the hash that stands for the words."""
        return hashlib.sha256(_DOMAIN + self.salt + self.text.encode("utf-8")).hexdigest()


def salt_words(text: str) -> IntendedUseWords:
    """Return the words with a new salt."""
    return IntendedUseWords(text=text, salt=secrets.token_bytes(_SALT_BYTES))


def hash_scope_words(scope: Mapping[str, Json], words: IntendedUseWords) -> Scope:
    """Return a scope as it is stored: the hash in the place of the words."""
    return {name: value for name, value in scope.items() if name != WORDS} | {HASH: words.sha256}


def seal_intended_use_words(
    grant_id: str, subject: str, words: Iterable[IntendedUseWords]
) -> bytes:
    """Seal the words of a grant: those that were signed, and those of a later narrowing."""
    value: list[Json] = [{"text": one.text, "salt": one.salt.hex()} for one in words]

    return sealed_values.seal(subject, _seal_context(grant_id), value)


def open_intended_use_words(grant: Grant, subject: str) -> tuple[IntendedUseWords, ...]:
    """Return all words of a grant, none after an erasure."""
    return next(iter(open_words_of_grants([grant], subject).values()), ())


def open_words_of_grants(
    grants: Iterable[Grant], subject: str
) -> dict[str, tuple[IntendedUseWords, ...]]:
    """Return the words of several grants of one person by grant id. The key is read once."""
    held = {
        grant.id: bytes(grant.sealed_words) for grant in grants if grant.sealed_words is not None
    }
    if not held:
        return {}

    try:
        derive = subject_keys.open_deriver(subject)
    except subject_keys.KeyDestroyed:
        return {}

    return {
        grant_id: tuple(_read_words(derive, grant_id, sealed_words))
        for grant_id, sealed_words in held.items()
    }


def find_words(
    scope: Mapping[str, Json], words: Iterable[IntendedUseWords]
) -> IntendedUseWords | None:
    """Return the words that a scope's hash stands for, or None after an erasure."""
    return next((one for one in words if one.sha256 == scope.get(HASH)), None)


def restore_scope_words(scope: Mapping[str, Json], words: Iterable[IntendedUseWords]) -> Scope:
    """Return a scope as it is shown: with the words, or None in their place, and their hash."""
    found = find_words(scope, words)

    return {**scope, WORDS: found.text if found else None}


def _read_words(
    derive: subject_keys.Derive, grant_id: str, sealed_words: bytes
) -> Iterator[IntendedUseWords]:
    value = sealed_values.unseal_with(derive, _seal_context(grant_id), sealed_words)

    for one in cast("list[dict[str, str]]", value):
        yield IntendedUseWords(text=one["text"], salt=bytes.fromhex(one["salt"]))


def _seal_context(grant_id: str) -> str:
    return f"grant|{grant_id}|words"
