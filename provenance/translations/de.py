"""The verify page in German."""

from __future__ import annotations

from typing import Final

from provenance.translations.schema import Finding, VerifyPageText

WORDS: Final = VerifyPageText(
    title="Wurde diese Stimme hier gemacht?",
    lead=(
        "Geben Sie uns eine Tondatei. Wir sagen Ihnen, ob die Sprache darin über diesen Dienst "
        "entstanden ist und ob der Mensch, dem die Stimme gehört, das noch erlaubt."
    ),
    choose="Tondatei",
    hint="WAV, MP3, FLAC, Ogg oder Opus, bis {limit} MB. Ein paar Sekunden genügen.",
    ask="Datei prüfen",
    ask_another="Weitere Datei prüfen",
    offline_title="Einen Beleg selbst prüfen",
    offline=(
        "Mit Beleg und Nachweis eines Clips, dieser einen Datei und Python ab 3.9 prüfen Sie ihn "
        "ohne uns."
    ),
    offline_keys=(
        "Holen Sie die öffentlichen Schlüssel der Organisation vorher, auf anderem Weg als den "
        "Beleg, von"
    ),
    offline_link="verify.py herunterladen, SHA-256",
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
    too_large=(
        "Diese Datei ist größer als {limit} MB. Schneiden Sie ein Stück von einigen Sekunden "
        "heraus und prüfen Sie das."
    ),
    unavailable=(
        "Wir können gerade keine Dateien prüfen. Mit Ihrer ist alles in Ordnung; versuchen Sie es "
        "in einer Minute noch einmal."
    ),
    too_many=(
        "Von Ihrem Anschluss kamen in der letzten Minute viele Dateien. Bitte warten Sie eine "
        "Minute und fragen Sie dann noch einmal."
    ),
    clip_title="Die Aufnahme",
    clips_title="Die Aufnahmen in dieser Datei",
    clip="Nummer",
    issued_at="Entstanden am",
    issued_by="Entstanden für",
    consent="Erlaubnis heute",
    erased=(
        "Wir können nur noch sagen, dass sie hier entstanden ist. Der Eintrag dazu wurde auf "
        "Wunsch des Menschen gelöscht, dem die Stimme gehört, oder sie wurde abgebrochen, bevor "
        "sie fertig war."
    ),
    test_data=(
        "Es sind Testdaten: Jemand hat den Dienst ausprobiert. Dahinter steht nicht die Erlaubnis "
        "eines wirklichen Menschen; was hier über eine Erlaubnis steht, bedeutet nichts."
    ),
    evidence_title="Was wir uns angesehen haben",
    proves_title="Was das zeigt",
    proves_not_title="Was das nicht zeigt",
    findings={
        "issued": Finding(
            sign="✓",
            tone="good",
            title="Hier entstanden, unverändert",
            lead=(
                "Diese Aufnahme hat unser Dienst ausgeliefert, und niemand hat ihren Klang seitdem "
                "verändert."
            ),
            proves=(
                "Die Stimme ist künstlich erzeugt.",
                (
                    "Der Mensch, dem die Stimme gehört, war mit dieser Art der Nutzung "
                    "einverstanden, "
                    "als sie entstand."
                ),
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
            lead=(
                "Der Klang trägt unser Zeichen, aber die Datei ist nicht die, die wir ausgeliefert "
                "haben: Sie wurde umgewandelt, geschnitten oder gemischt."
            ),
            proves=(
                "Mindestens ein Teil der Sprache ist künstlich und über diesen Dienst entstanden.",
            ),
            proves_not=(
                (
                    "Dass alles darin hier entstanden ist: Wörter können herausgeschnitten, "
                    "verschoben "
                    "oder ergänzt sein."
                ),
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
                "Unter dieser Erlaubnis ist keine neue Nutzung der Stimme mehr zulässig.",
            ),
            proves_not=(
                (
                    "Dass sie nicht hätte entstehen dürfen: An dem Tag, an dem sie entstand, war "
                    "es "
                    "erlaubt."
                ),
                (
                    "Dass diese Kopie verschwinden muss. Fragen Sie die Organisation, für die sie "
                    "entstanden ist."
                ),
            ),
        ),
        "not_found": Finding(
            sign="?",
            tone="plain",
            title="Nicht gefunden",
            lead="Wir finden kein Anzeichen dafür, dass die Aufnahme hier entstanden ist.",
            proves=(
                (
                    "Keine unserer Aufnahmen ist diese Datei, und im Klang war kein Zeichen von "
                    "uns zu "
                    "lesen."
                ),
            ),
            proves_not=(
                (
                    "Dass ein echter Mensch spricht. Die Aufnahme kann anderswo künstlich "
                    "entstanden "
                    "sein."
                ),
                (
                    "Dass sie nicht doch von hier ist: Sehr kurze oder stark veränderte Stücke "
                    "verlieren ihr Zeichen."
                ),
            ),
        ),
        "unreadable": Finding(
            sign="!",
            tone="warn",
            title="Diese Datei ließ sich nicht anhören",
            lead=(
                "Wir konnten nur die Bytes der Datei vergleichen, und keine unserer Aufnahmen hat "
                "diese."
            ),
            proves=("Nichts über eine Stimme.",),
            proves_not=("Dass sie nicht von hier ist.",),
        ),
    },
    unreadable={
        "empty": "Sie ist leer.",
        "unknown_format": (
            "Sie enthält keinen Ton oder hat ein Format, das hier nicht gelesen wird. Speichern "
            "Sie sie als WAV oder MP3 und versuchen Sie es noch einmal."
        ),
        "truncated": (
            "Sie hört zu früh auf; vielleicht ist sie nicht ganz heruntergeladen. Holen Sie sie "
            "noch einmal, oder speichern Sie sie neu als WAV oder MP3."
        ),
        "too_long": (
            "Sie ist länger als fünf Minuten. Schneiden Sie das Stück heraus, um das es geht, und "
            "prüfen Sie das."
        ),
        "too_many_channels": (
            "Sie hat mehr als acht Kanäle. Speichern Sie sie mit einem oder zweien und versuchen "
            "Sie es noch einmal."
        ),
        "bad_rate": (
            "Ihre Abtastrate liegt unter 8 oder über 192 kHz. Speichern Sie sie mit 44,1 oder 48 "
            "kHz und versuchen Sie es noch einmal."
        ),
        "unreadable": (
            "Sie ist beschädigt. Speichern Sie sie neu als WAV oder MP3 und versuchen Sie es noch "
            "einmal."
        ),
        "too_large": (
            "Sie ist zu groß. Schneiden Sie ein Stück von einigen Sekunden heraus und prüfen Sie "
            "das."
        ),
    },
    layers={
        "sha256": "Genaue Kopie",
        "watermark": "Unhörbares Zeichen",
        "c2pa": "Content Credentials",
        "fingerprint": "Ähnlicher Klang",
    },
    evidence={
        "sha256.match": "Ja: Das sind genau die Bytes, die wir ausgeliefert haben.",
        "sha256.match.samples": (
            "Die Datei ist eine andere, aber der Klang darin ist Wert für Wert der ausgelieferte."
        ),
        "sha256.mismatch": "Nein: Der Klang ist ein anderer als der ausgelieferte.",
        "sha256.absent": "Keine unserer Aufnahmen ist genau diese Datei.",
        "sha256.candidate": "Vielleicht.",
        "watermark.match": "Gefunden, und es nennt diese Aufnahme.",
        "watermark.match.several": "Gefunden, und es nennt mehrere Aufnahmen in dieser Datei.",
        "watermark.match.copies": (
            "Gefunden. Mehrere Aufnahmen desselben Klangs tragen es; dies ist eine davon."
        ),
        "watermark.absent.partly": (
            "Es war kein Zeichen von uns zu lesen. Es gibt mehr Schlüssel, als für eine Datei "
            "versucht werden."
        ),
        "watermark.mismatch": "Gefunden, aber es nennt eine andere Aufnahme.",
        "watermark.absent": "Es war kein Zeichen von uns zu lesen.",
        "watermark.candidate": "Ein Muster wie unseres war zu lesen, aber keine Aufnahme trägt es.",
        "c2pa.match": "Von uns unterschrieben, und sie passen zum Klang.",
        "c2pa.mismatch": "Vorhanden, aber sie passen nicht zum Klang.",
        "c2pa.absent": "Die Datei trägt keine von uns.",
        "c2pa.candidate": "Die Datei trägt welche, die anderswo entstanden sind.",
        "fingerprint.absent": "Als Ganzes klingt es wie keine unserer Aufnahmen.",
        "fingerprint.candidate": (
            "Klingt einer unserer Aufnahmen sehr ähnlich. Das ist ein Hinweis, kein Beweis: Ein "
            "Satz, zweimal gesprochen, kann so ähnlich klingen."
        ),
        "fingerprint.absent.short": (
            "Nicht nachgesehen: Es ist zu kurz, um den Klang zu vergleichen."
        ),
    },
    caveats={
        "issued": "Das sagt, woher die Aufnahme kommt, nicht, dass stimmt, was darin gesagt wird.",
        "issued_altered": (
            "Ein Zeichen kann in anderen Ton gelangen; behandeln Sie die Datei als eine, die hier "
            "entstandene Sprache enthält."
        ),
        "issued_withdrawn": (
            "Was vorher erlaubt war, bleibt es; ob diese Kopie weiter verwendet werden darf, sagt "
            "die Organisation, für die sie entstanden ist."
        ),
        "not_found": (
            "Nichts zu finden beweist nichts: Die Aufnahme kann anderswo entstanden sein, zu kurz "
            "sein oder so verändert, dass das Zeichen verloren ging. Es zeigt nicht, dass ein "
            "echter Mensch spricht."
        ),
        "unreadable": (
            "Nur die genauen Bytes ließen sich vergleichen. Dieselbe Sprache in einer anderen "
            "Datei finden sie nicht."
        ),
    },
    layer_proves={
        "sha256": (
            "Sagt sie Ja, ist es genau: dieselben Bytes oder dieselben Klangwerte. Jede Änderung "
            "des Klangs beendet das."
        ),
        "watermark": (
            "Steht im Klang jeder Aufnahme. Es übersteht Übliches wie MP3, Opus und Schneiden; "
            "Sprache unter zwei Sekunden, neuronale Codecs und Stimmumwandlung können es "
            "verlieren, und es lässt sich in anderen Ton übertragen."
        ),
        "c2pa": (
            "Eine unterschriebene Angabe in der Datei, und die stärkste, wo sie da ist. Viele "
            "Programme lassen sie beim Speichern weg; dass sie fehlt, sagt also nichts."
        ),
        "fingerprint": (
            "Wie der Klang verläuft, verglichen mit dem, was wir gemacht haben. Ein Hinweis ab "
            "fünf Sekunden und nie ein Beweis."
        ),
    },
    other_language="English",
    drop="Wählen Sie eine Datei, oder legen Sie sie hier ab.",
    sending="Die Datei wird gesendet",
    checking="Wir suchen nach Zeichen. Das dauert einige Sekunden.",
    not_sent=(
        "Die Datei kam nicht bei uns an. Prüfen Sie Ihre Verbindung und versuchen Sie es noch "
        "einmal."
    ),
    supports_title="Was das kann",
    supports=(
        (
            "WAV, MP3, FLAC, Ogg Vorbis und Opus, bis {limit} MB und fünf Minuten; mancherorts "
            "auch "
            "M4A und WebM."
        ),
        "Sprache ab zwei Sekunden; ab fünf Sekunden auch danach, wie sie klingt.",
        (
            "Nur was über diesen Dienst entstanden ist. Künstliche Stimmen im Allgemeinen erkennt "
            "es "
            "nicht."
        ),
        "Es ist kostenlos, braucht kein Konto, und auch Programme dürfen fragen: POST /v1/verify.",
    ),
    layers_title="Wie wir suchen",
    picture_title="Wo unser Zeichen ist",
    picture_says="Unser Zeichen ist in {share} % dieser Datei, die {length} lang ist. {clips}",
    seconds_long="{seconds} Sekunden",
    minutes_long="{minutes} Min. {seconds} Sek.",
    decimal_point=",",
    one_clip="Darin wurde eine Aufnahme gefunden.",
    many_clips="Darin wurden {count} Aufnahmen gefunden.",
    picture_hint=(
        "Das Zeichen wird in Stücken von etwa einer Sekunde gelesen; die Ränder sind also ungefähr."
    ),
    picture_clip="Aufnahme",
    picture_erased="hier entstanden; mehr darf nicht gesagt werden",
    kept_title="Diese Antwort aufheben",
    kept_hint=(
        "Drucken oder speichern Sie diese Seite. Die SHA-256 sagt, nach welcher Datei gefragt "
        "wurde; die Datei heben wir nicht auf."
    ),
    kept_file="Datei",
    kept_sha256="SHA-256 der Datei",
    kept_at="Geprüft am",
    kept_where="Geprüft unter",
    opinion_title="War diese Antwort brauchbar?",
    opinion_lead="Wir lesen das, um die Prüfung besser zu machen. Niemand muss sagen, wer er ist.",
    opinions={
        "helped": "Sie hat mir geholfen",
        "wrong": "Ich halte sie für falsch",
        "unclear": "Ich verstehe sie nicht",
        "broken": "Etwas hat nicht funktioniert",
    },
    opinion_words="Was sollten wir wissen? (darf leer bleiben)",
    opinion_hint="Bitte keine Namen und nichts, woran man einen Menschen erkennt.",
    opinion_send="Absenden",
    opinion_thanks="Vielen Dank",
    opinion_kept=(
        "Das wird ohne Ihren Namen und Ihre Adresse aufbewahrt und nach einem halben Jahr gelöscht."
    ),
    opinion_missing="Wählen Sie zuerst eine der Antworten.",
    opinion_long="Das ist länger als {limit} Zeichen. Bitte kürzen Sie es.",
    opinion_link="Sagen Sie uns, was Sie von dieser Prüfung halten",
    back="Zurück zur Prüfung",
    consent_states={
        "active": "besteht",
        "suspended": "ruht",
        "withdrawn": "vom Menschen widerrufen",
        "expired": "abgelaufen",
        "invalidated": "beendet: für ungültig erklärt",
        "terminated": "beendet",
        "superseded": "durch eine neuere ersetzt",
        "erasing": "beendet; wird gelöscht",
        "erased": "beendet; gelöscht",
    },
)
