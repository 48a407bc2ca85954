"""Notices: the texts shipped with Sayso, stored as versions that never change.

A text is the file `texts/notices/<key>.<version>.<locale>.json`. To change one, add a file of a
higher version, and its hash in `SHA256SUMS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final, cast

from consent.models import Notice, NoticeVersion
from core import canonical_json, ids, signed_texts, transactions
from core.canonical_json import Json
from core.errors import Fault, Invalid

FOLDER: Final = Path(__file__).parent / "texts" / "notices"
VOICE_CLONING: Final = "voice-cloning"

ARTICLE_13: Final = (
    "controller", "contact", "data_protection_officer", "purposes", "legal_basis", "data",
    "recipients", "transfers", "retention", "rights", "withdrawal", "complaint", "obligation",
    "automated_decisions",
)  # fmt: skip
"""The fields that Art. 13(1) and (2) GDPR require. Every text has all of them."""
PUBLIC_LOG: Final = "public_log"
"""The field, beyond Art. 13, about what strangers learn from the log, since version 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeText:
    """One shipped text: title, introduction and sections, each section named after its field."""

    key: str
    version: int
    locale: str
    change_class: str
    body: dict[str, Json]

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the JCS bytes of the body."""
        return canonical_json.sha256_hex(canonical_json.dump(self.body))


@cache
def load_notice_texts() -> tuple[NoticeText, ...]:
    """Return all texts that this release ships."""
    texts = (_read_text(path) for path in FOLDER.glob("*.json"))
    return tuple(sorted(texts, key=lambda text: (text.key, text.version, text.locale)))


@cache
def load_newest_notices() -> dict[str, tuple[NoticeText, ...]]:
    """Return the newest text of each notice in each of its languages, by key."""
    newest = {(text.key, text.locale): text for text in load_notice_texts()}
    keys = dict.fromkeys(text.key for text in newest.values())

    return {key: tuple(text for text in newest.values() if text.key == key) for key in keys}


def get_latest_notice(key: str, locale: str, *, at: datetime) -> NoticeVersion:
    """Return the newest version of a notice in this locale or its language.

    Raises Invalid if there is none.
    """
    texts = [text for text in load_notice_texts() if text.key == key]
    if not texts:
        listed = ", ".join(load_newest_notices())
        detail = f"There is no such notice. Name one of: {listed}."
        raise _unknown_notice("notice", detail, "notice_unknown")

    wanted = locale.replace("_", "-").lower()
    mine = [text for text in texts if text.locale.lower() in {wanted, wanted.partition("-")[0]}]
    if not mine:
        known = ", ".join(sorted({text.locale for text in texts}))
        raise _unknown_notice(
            "locale",
            f"The notice is not in this language. Name one of: {known}.",
            "locale_unknown",
        )

    return _ensure_version(max(mine, key=lambda text: text.version), at=at)


@transactions.opens_transaction
def sync_notices(*, at: datetime) -> int:
    """Store every shipped text that is not stored yet. Return the number of shipped texts."""
    return len([_ensure_version(text, at=at) for text in load_notice_texts()])


@transactions.opens_transaction
def _ensure_version(text: NoticeText, *, at: datetime) -> NoticeVersion:
    notice, _ = Notice.objects.get_or_create(
        key=text.key, defaults={"id": ids.new("not"), "created_at": at}
    )

    row, _ = NoticeVersion.objects.get_or_create(
        notice=notice,
        version=text.version,
        locale=text.locale,
        defaults={
            "change_class": text.change_class,
            "body": text.body,
            "sha256": text.sha256,
            "created_at": at,
        },
    )

    return row


def _read_text(path: Path) -> NoticeText:
    raw = signed_texts.read_text_file(path)
    return NoticeText(
        key=str(raw["key"]),
        version=int(str(raw["version"])),
        locale=str(raw["locale"]),
        change_class=str(raw["change_class"]),
        body=cast("dict[str, Json]", raw["body"]),
    )


def _unknown_notice(attr: str, detail: str, code: str) -> Invalid:
    return Invalid(detail, faults=(Fault(code=code, detail=detail, attr=attr),))
