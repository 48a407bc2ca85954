"""The verify page in German."""

from __future__ import annotations

from typing import Final

from provenance.wording.shape import Finding, Words

WORDS: Final = Words(
    title="Wurde diese Stimme hier gemacht?",
    lead="Geben Sie uns eine Tondatei. Wir sagen Ihnen, ob die Sprache darin über diesen Dienst entstanden ist "
    "und ob der Mensch, dem die Stimme gehört, das noch erlaubt.",
    choose="Tondatei",
    hint="WAV, MP3, FLAC, Ogg oder Opus, bis {limit} MB. Ein paar Sekunden genügen.",
    ask="Datei prüfen",
    ask_another="Weitere Datei prüfen",
    promise_title="Was mit Ihrer Datei geschieht",
    promises=(
        "Sie wird einmal angesehen und nicht aufbewahrt.",
        "Sie brauchen kein Konto, und wir setzen kein Cookie.",
        "Die Antwort nennt keinen Menschen.",
    ),
    answers_title="Diese Antworten gibt es",
    fault_title="Das hat nicht geklappt",
    no_file="Wählen Sie zuerst eine Datei aus.",
    empty_file="Diese Datei ist leer. Wählen Sie eine andere.",
    too_large="Diese Datei ist größer als {limit} MB. Schneiden Sie ein Stück von einigen Sekunden heraus und "
    "prüfen Sie das.",
    unavailable="Wir können gerade keine Dateien prüfen. Mit Ihrer ist alles in Ordnung; versuchen Sie es in einer "
    "Minute noch einmal.",
    too_many="Von Ihrem Anschluss kamen in der letzten Minute viele Dateien. Bitte warten Sie eine Minute und fragen "
    "Sie dann noch einmal.",
    clip_title="Die Aufnahme",
    clip="Nummer",
    issued_at="Entstanden am",
    issued_by="Entstanden für",
    consent="Erlaubnis heute",
    erased="Der Eintrag dazu wurde auf Wunsch des Menschen gelöscht, dem die Stimme gehört. Wir können nur noch sagen, "
    "dass sie hier entstanden ist.",
    evidence_title="Was wir uns angesehen haben",
    proves_title="Was das zeigt",
    proves_not_title="Was das nicht zeigt",
    findings={
        "issued": Finding(
            sign="✓",
            tone="good",
            title="Hier entstanden, unverändert",
            lead="Diese Aufnahme hat unser Dienst ausgeliefert, und niemand hat ihren Klang seitdem verändert.",
            proves=(
                "Die Stimme ist künstlich erzeugt.",
                "Der Mensch, dem die Stimme gehört, war mit dieser Art der Nutzung einverstanden, als sie entstand.",
            ),
            proves_not=(
                "Dass stimmt, was darin gesagt wird.",
                "Dass sie heute dort verwendet wird, wo sie verwendet werden darf.",
            ),
        ),
        "issued_altered": Finding(
            sign="≈",
            tone="warn",
            title="Hier entstanden, danach verändert",
            lead="Der Klang trägt unser Zeichen, aber die Datei ist nicht die, die wir ausgeliefert haben: Sie wurde "
            "umgewandelt, geschnitten oder gemischt.",
            proves=("Mindestens ein Teil der Sprache ist künstlich und über diesen Dienst entstanden.",),
            proves_not=(
                "Dass alles darin hier entstanden ist: Wörter können herausgeschnitten, verschoben oder ergänzt sein.",
                "Dass stimmt, was darin gesagt wird.",
            ),
        ),
        "issued_withdrawn": Finding(
            sign="✕",
            tone="bad",
            title="Hier entstanden, Erlaubnis beendet",
            lead="Die Aufnahme ist hier entstanden, aber die Erlaubnis dafür besteht nicht mehr.",
            proves=(
                "Die Stimme ist künstlich erzeugt.",
                "Der Mensch, dem die Stimme gehört, erlaubt keine neue Nutzung mehr.",
            ),
            proves_not=(
                "Dass sie nicht hätte entstehen dürfen: An dem Tag, an dem sie entstand, war es erlaubt.",
                "Dass diese Kopie verschwinden muss. Fragen Sie die Organisation, für die sie entstanden ist.",
            ),
        ),
        "not_found": Finding(
            sign="?",
            tone="plain",
            title="Nicht gefunden",
            lead="Wir finden kein Anzeichen dafür, dass die Aufnahme hier entstanden ist.",
            proves=("Keine unserer Aufnahmen ist diese Datei, und im Klang war kein Zeichen von uns zu lesen.",),
            proves_not=(
                "Dass ein echter Mensch spricht. Die Aufnahme kann anderswo künstlich entstanden sein.",
                "Dass sie nicht doch von hier ist: Sehr kurze oder stark veränderte Stücke verlieren ihr Zeichen.",
            ),
        ),
        "unreadable": Finding(
            sign="!",
            tone="warn",
            title="Nicht als Ton lesbar",
            lead="Wir konnten nur die Bytes der Datei vergleichen, und keine unserer Aufnahmen hat diese.",
            proves=("Nichts über eine Stimme.",),
            proves_not=(
                "Dass sie nicht von hier ist. Speichern Sie sie als WAV oder MP3 und versuchen Sie es noch einmal.",
            ),
        ),
    },
    layers={
        "sha256": "Genaue Kopie",
        "watermark": "Unhörbares Zeichen",
        "c2pa": "Content Credentials",
        "fingerprint": "Ähnlicher Klang",
    },
    evidence={
        "sha256.match": "Ja: Der Klang ist genau der, den wir ausgeliefert haben.",
        "sha256.mismatch": "Nein: Der Klang ist ein anderer als der ausgelieferte.",
        "sha256.absent": "Keine unserer Aufnahmen ist genau diese Datei.",
        "sha256.candidate": "Vielleicht.",
        "watermark.match": "Gefunden, und es nennt diese Aufnahme.",
        "watermark.mismatch": "Gefunden, aber es nennt eine andere Aufnahme.",
        "watermark.absent": "Es war kein Zeichen von uns zu lesen.",
        "watermark.candidate": "Ein Muster wie unseres war zu lesen, aber keine Aufnahme trägt es.",
        "c2pa.match": "Von uns unterschrieben, und sie passen zum Klang.",
        "c2pa.mismatch": "Vorhanden, aber sie passen nicht zum Klang.",
        "c2pa.absent": "Die Datei trägt keine von uns.",
        "c2pa.candidate": "Die Datei trägt welche, die anderswo entstanden sind.",
        "fingerprint.match": "Klingt wie eine unserer Aufnahmen.",
        "fingerprint.mismatch": "Klingt anders.",
        "fingerprint.absent": "Keine unserer Aufnahmen klingt so.",
        "fingerprint.candidate": "Ähnelt einer unserer Aufnahmen.",
    },
    consent_states={
        "active": "besteht",
        "suspended": "ruht",
        "withdrawn": "vom Menschen widerrufen",
        "expired": "abgelaufen",
        "invalidated": "für ungültig erklärt",
        "terminated": "beendet",
        "superseded": "durch eine neuere ersetzt",
        "erasing": "beendet; wird gelöscht",
        "erased": "beendet; gelöscht",
    },
)
