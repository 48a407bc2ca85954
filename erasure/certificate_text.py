"""The words of an erasure's certificate, for people: what went, what stays, and why; in English and
German.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LOCALES: Final = ("en", "de")

# (English, German), by what the rows of targets say.
_WHAT: Final[Mapping[str, tuple[str, str]]] = {
    "texts waiting to be spoken": (
        "Texts that waited to be spoken, and notes on jobs",
        "Texte, die noch gesprochen werden sollten, und Notizen zu Aufträgen",
    ),
    "personal fields": (
        "Name and address, the words of requests and reasons, notes",
        "Name und Adresse, die Worte von Anfragen und Begründungen, Notizen",
    ),
    "links from clips": (
        "The links from audio clips to the person, and notes on them",
        "Die Verbindung von Tonaufnahmen zur Person, und Notizen dazu",
    ),
    "fingerprints of clips": (
        "Acoustic fingerprints of clips",
        "Akustische Fingerabdrücke der Tonaufnahmen",
    ),
    "comparisons of voices": (
        "What the voice was compared with other voices by, and what was noted of it",
        "Womit die Stimme mit anderen verglichen wurde, und was dazu vermerkt wurde",
    ),
    "event bodies": (
        "What log entries said of the person",
        "Was Einträge des Protokolls über die Person sagten",
    ),
    "stored answers": ("Stored answers of the service", "Gespeicherte Antworten des Dienstes"),
    "recordings, profiles, clips": (
        "Recordings, voice profiles and audio clips",
        "Aufnahmen, Stimmprofile und erzeugte Tonaufnahmen",
    ),
    "stored bundles": ("Exports that were kept here", "Exporte, die hier lagen"),
    "feedback on clips": (
        "What people wrote about the clips",
        "Was andere zu den Tonaufnahmen schrieben",
    ),
    "signed consent records": ("Signed records of consent", "Unterschriebene Einwilligungen"),
    "hashes and marks of clips": (
        "Hashes and marks of clips",
        "Prüfsummen und Kennungen der Tonaufnahmen",
    ),
    "entries": ("Entries of the log", "Einträge des Protokolls"),
    "wrapped key copies": (
        "Copies of the locked key in backups",
        "Kopien des verschlossenen Schlüssels in Sicherungen",
    ),
}
_VOICE: Final = ("The voice at {system}", "Die Stimme bei {system}")
_KEY: Final = ("The person's key", "Der Schlüssel der Person")
_HOW: Final[Mapping[str, tuple[str, str]]] = {
    "delete": ("deleted", "gelöscht"),
    "provider_delete": ("deleted there, and confirmed", "dort gelöscht und bestätigt"),
    "key_destroy": (
        "destroyed: what it locked cannot be opened any more",
        "vernichtet: was er verschloss, ist nicht mehr zu öffnen",
    ),
    "keep": ("kept", "behalten"),
}
_GROUND: Final[Mapping[str, tuple[str, str]]] = {
    "signed consent records": (
        (
            "GDPR Art. 7(1), 17(3)(e): proof of the consent. They hold random ids, codes, dates "
            "and salted hashes; "
            "what the hashes stood for, and their salts, went with the key."
        ),
        (
            "DSGVO Art. 7 Abs. 1, Art. 17 Abs. 3 lit. e: Nachweis der Einwilligung. Sie enthalten "
            "Zufallskennungen, "
            "Codes, Daten und gesalzene Prüfsummen; wofür diese standen, ging mit dem Schlüssel "
            "verloren, ebenso das Salz."
        ),
    ),
    "hashes and marks of clips": (
        "GDPR Art. 5(2), 17(3)(b): they show that a clip was made here. They lead to no person.",
        (
            "DSGVO Art. 5 Abs. 2, Art. 17 Abs. 3 lit. b: Sie zeigen, dass eine Aufnahme hier "
            "entstand. Sie führen zu "
            "niemandem."
        ),
    ),
    "entries": (
        (
            "GDPR Art. 5(2), 17(3)(b): the order of events. They show kind, time and random ids; "
            "what they say of the "
            "person is a keyed hash that nothing opens any more."
        ),
        (
            "DSGVO Art. 5 Abs. 2, Art. 17 Abs. 3 lit. b: die Reihenfolge der Ereignisse. Sie "
            "zeigen Art, Zeit und "
            "Zufallskennungen; was sie über die Person sagen, ist eine Prüfsumme, die nichts mehr "
            "öffnet."
        ),
    ),
    "wrapped key copies": (
        "They cannot be opened once the key that locks them is destroyed: after 35 days at most.",
        (
            "Sie sind nicht mehr zu öffnen, sobald der Schlüssel über ihnen vernichtet ist: nach "
            "höchstens 35 Tagen."
        ),
    ),
}
_SAID: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("Certificate of erasure", "Bescheinigung der Löschung"),
    "test": ("TEST", "TEST"),
    "page": ("Page", "Seite"),
    "test_line": ("TEST DATA: no person was erased.", "TESTDATEN: Es wurde keine Person gelöscht."),
    "facts": (
        (
            "Erasure {erasure} of the person with the id {speaker}, asked for on {requested}, "
            "completed on "
            "{completed}. The person's key was destroyed on {destroyed}: what it locked can no "
            "longer be opened."
        ),
        (
            "Löschung {erasure} der Person mit der Kennung {speaker}, verlangt am {requested}, "
            "abgeschlossen am "
            "{completed}. Der Schlüssel der Person wurde am {destroyed} vernichtet: Was er "
            "verschloss, ist nicht mehr zu öffnen."
        ),
    ),
    "what": ("What", "Was"),
    "how": ("What happened to it", "Was damit geschah"),
    "kept": ("What was kept, and why", "Was behalten wurde, und warum"),
    "hash": ("SHA-256 of the signed certificate", "SHA-256 der unterschriebenen Bescheinigung"),
}


def get_sentence(name: str, locale: str) -> str:
    """Give a sentence of the certificate."""
    return _SAID[name][LOCALES.index(locale)]


def describe_ground(asset: str, locale: str) -> str:
    """Say why this is kept."""
    return _GROUND[asset][LOCALES.index(locale)]


def describe_target(system: str, asset: str, method: str, locale: str) -> str:
    """Name a target in plain words."""
    names = {"provider_delete": _VOICE, "key_destroy": _KEY}.get(method) or _WHAT[asset]
    return names[LOCALES.index(locale)].format(system=system)


def describe_method(method: str, locale: str) -> str:
    """Say what happened to it."""
    return _HOW[method][LOCALES.index(locale)]


def locale_of(tag: str) -> str:
    """Give the language that the certificate has for somebody who reads this one."""
    language = tag.partition("-")[0].lower()
    return language if language in LOCALES else LOCALES[0]
