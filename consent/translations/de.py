"""The signing pages in German."""

from __future__ import annotations

from typing import Final

from consent.translations.schema import Ending, SigningPageText

WORDS: Final = SigningPageText(
    page_title="Eine Frage zu Ihrer Stimme",
    headline="{organisation} bittet um Ihre Stimme",
    dear="Für {name}",
    test="Das sind Testdaten. Was Sie hier unterschreiben, gilt nicht.",
    test_ended="Das sind Testdaten; sie gelten nicht.",
    in_short="Kurz gesagt",
    who="Wer fragt",
    contact="Erreichbar",
    dpo="Datenschutzbeauftragte Person",
    level="Wie Sie unterschreiben",
    levels={
        "L0": (
            "Sie kreuzen an und tippen Ihren Namen. Den Link gab Ihnen, wer fragt; deshalb beweist "
            "nichts, dass Sie es waren (Stufe L0)."
        ),
        "L1": "Sie kreuzen an und tippen Ihren Namen (Stufe L1).",
        "L2": "Mit einem stärkeren Nachweis als einem getippten Namen (Stufe L2).",
        "L3": "Mit einem stärkeren Nachweis als einem getippten Namen und einem Zeugen (Stufe L3).",
    },
    not_here_title="Auf dieser Seite können Sie nicht unterschreiben",
    not_here=(
        "Die Anfrage verlangt einen stärkeren Nachweis als einen getippten Namen, und den kann "
        "diese Seite nicht geben. Sie können hier alles lesen und Nein sagen. Wenn Sie zustimmen "
        "möchten, fragen Sie {organisation}, wie es weitergeht."
    ),
    link="Ihr Link",
    contact_unknown="Wie in der Nachricht, die Sie hergeführt hat",
    term="Wie lange",
    decide_by="Entscheiden bis",
    free="Sie dürfen Nein sagen. Ein Nein kostet Sie nichts, und Sie brauchen keinen Grund dafür.",
    fault_title="Eines fehlt noch",
    purposes="Wofür Ihre Stimme gebraucht würde",
    purposes_hint=(
        "Jeder Zweck hat sein eigenes Kästchen. Kreuzen Sie nur an, womit Sie einverstanden sind."
    ),
    purpose="Zweck {number}",
    agree="Mit diesem Zweck bin ich einverstanden",
    agree_to="Einverstanden: {title}",
    intended="In den Worten der Anfrage:",
    beware="Das sollten Sie bedenken",
    notice="Die ganze Information",
    notice_version="Fassung {version}, auf Deutsch. Fingerabdruck dieses Textes: {hash}",
    open_all=(
        "Lesen Sie, was Sie nach dem Gesetz wissen sollen: Ihre Rechte, wer was bekommt, wie Sie "
        "es beenden."
    ),
    advice="Berät Sie jemand dabei?",
    advice_hint="Sie können eine Anwältin, einen Agenten oder Ihre Gewerkschaft fragen, bevor Sie "
    "entscheiden. Ihre "
    "Antwort wird mit der Unterschrift aufbewahrt.",
    advices={
        "none": "Nein, ich entscheide allein",
        "counsel": "Ja, anwaltlich oder durch eine Agentur",
        "union": "Ja, meine Gewerkschaft hat mich beraten oder das ausgehandelt",
    },
    represented="In der Anfrage steht, dass jemand für Sie handelt:",
    sign_title="Unterschreiben",
    statement="Mit Ihrer Unterschrift sagen Sie:",
    name="Ihr voller Name",
    name_hint="Schreiben Sie ihn so, wie er in der Anfrage steht: {name}",
    sign="Unterschreiben, was ich angekreuzt habe",
    decline_title="Oder Nein sagen",
    decline_hint=(
        "Dann entsteht kein Stimmmodell. {organisation} findet in der eigenen Liste, dass Sie Nein "
        "gesagt haben, und den Grund, wenn Sie einen nennen."
    ),
    decline_reason="Grund (darf leer bleiben)",
    decline="Ich sage Nein",
    not_me_title="Das ist nicht für mich",
    not_me_hint=(
        "Wenn Sie nicht {name} sind, unterschreiben Sie nicht. Sagen Sie es uns, dann gilt der "
        "Link nicht mehr."
    ),
    not_me="Diese Person bin ich nicht",
    faults={
        "nothing_ticked": (
            "Kreuzen Sie mindestens einen Zweck an, mit dem Sie einverstanden sind, oder sagen Sie "
            "unten Nein."
        ),
        "tick_unknown": (
            "Die Anfrage hat sich geändert, seit Sie sie geöffnet haben. Lesen und kreuzen Sie "
            "noch einmal."
        ),
        "name_missing": "Schreiben Sie Ihren vollen Namen, um zu unterschreiben.",
        "name_mismatch": (
            "Das ist nicht der Name aus der Anfrage. Schreiben Sie ihn so, wie er dort steht: "
            "{name}"
        ),
        "advice_missing": "Sagen Sie, ob Sie jemand berät.",
        "page_changed": (
            "Die Anfrage hat sich geändert, seit Sie sie geöffnet haben. Lesen Sie sie noch "
            "einmal, und unterschreiben Sie dann."
        ),
        "delivery_pending": (
            "Der Server, der unseren Brief befördert, hat ihn noch nicht bestätigt. Bitte in einer "
            "Minute noch einmal."
        ),
    },
    had_agreed_to="Zugestimmt hatten Sie",
    agreed_to="Sie haben zugestimmt",
    signed_on="Unterschrieben am",
    valid_until="Gilt bis",
    ended_on="Beendet am",
    fingerprint="Fingerabdruck",
    fingerprint_hint=(
        "Die ersten Zeichen vom SHA-256 Ihrer Erklärung. In Ihrer Kopie steht er ganz."
    ),
    receipt_title="Ihre Kopie",
    receipt_hint=(
        "Darin steht, was Ihnen gezeigt wurde, womit Sie einverstanden waren, und eine Signatur, "
        "die jeder prüfen kann."
    ),
    receipt_pdf="Kopie zum Lesen (PDF)",
    receipt_json="Kopie für Computer (JSON)",
    keep_title="Ihr Link",
    keep_hint=(
        "Er führt Sie zu dieser Seite zurück: um den Stand zu sehen, Ihre Kopie zu holen oder es "
        "zu beenden. Wer ihn hat, kann das auch in Ihrem Namen; geben Sie ihn deshalb nicht weiter."
    ),
    keep_letter="Mir selbst mailen",
    keep_subject="Meine Stimme und {organisation}",
    keep_scan="Auf einem anderen Gerät öffnen: das hier scannen",
    next_title="Wie es weitergeht",
    next_steps=(
        "{organisation} darf nun aus Aufnahmen von Ihnen ein Modell Ihrer Stimme machen.",
        (
            "Vor jeder Verwendung prüft ein Computer, ob Sie sie angekreuzt haben, und lehnt alles "
            "andere ab."
        ),
        "Alles, was entsteht, trägt ein Zeichen, das man wiederfindet, und wird aufgeschrieben.",
    ),
    stop_title="Sie können es jederzeit beenden",
    stop_hint=(
        "Wenn Sie widerrufen, entsteht von da an kein neuer Ton mehr, und das Stimmmodell wird "
        "gelöscht. Sie brauchen keinen Grund. Zurücknehmen lässt es sich nicht."
    ),
    stop="Einwilligung jetzt widerrufen",
    ask="Wen Sie fragen können",
    number="Nummer dieser Anfrage",
    endings={
        "active": Ending(
            sign="✓",
            tone="good",
            title="Sie haben unterschrieben",
            lead="Danke. Ihre Antwort ist festgehalten, und Ihre Grenzen gelten ab jetzt.",
            next="",
        ),
        "suspended": Ending(
            sign="‖",
            tone="warn",
            title="Angehalten",
            lead="Sie haben unterschrieben, und es ruht: Ihre Stimme wird solange nicht verwendet.",
            next="Fragen Sie {organisation} nach dem Grund, oder widerrufen Sie unten.",
        ),
        "declined": Ending(
            sign="✓",
            tone="plain",
            title="Sie haben Nein gesagt",
            lead=(
                "Es entsteht kein Stimmmodell. {organisation} findet Ihre Antwort in der eigenen "
                "Liste."
            ),
            next=(
                "Mehr ist nicht zu tun. Wenn Sie es sich anders überlegen, bitten Sie "
                "{organisation} um einen neuen Link."
            ),
        ),
        "not_me": Ending(
            sign="✓",
            tone="plain",
            title="Danke für den Hinweis",
            lead=(
                "Sie haben gesagt, dass das nicht für Sie bestimmt war. Der Link gilt nicht mehr, "
                "und es ist nichts vereinbart."
            ),
            next=(
                "{organisation} findet in der eigenen Liste, dass der Link eine andere Person "
                "erreicht hat. Mehr müssen Sie nicht tun."
            ),
        ),
        "lapsed": Ending(
            sign="–",
            tone="warn",
            title="Dieser Link ist abgelaufen",
            lead=(
                "Die Anfrage wurde nicht rechtzeitig beantwortet oder zurückgezogen. Es ist nichts "
                "vereinbart."
            ),
            next="Wenn Sie noch antworten möchten, bitten Sie {organisation} um einen neuen Link.",
        ),
        "rejected": Ending(
            sign="–",
            tone="warn",
            title="Das ist nicht zustande gekommen",
            lead="Die Antwort konnte nicht angenommen werden; es ist nichts vereinbart.",
            next="{organisation} kann Ihnen sagen, warum, und einen neuen Link schicken.",
        ),
        "withdrawn": Ending(
            sign="✓",
            tone="good",
            title="Sie haben es beendet",
            lead=(
                "Die Einwilligung ist widerrufen. Seitdem entsteht kein neuer Ton mit Ihrer Stimme."
            ),
            next=(
                "Das Stimmmodell wird gelöscht, auch beim Anbieter. Wenn auch Ihre Daten gelöscht "
                "werden sollen, schreiben Sie an {organisation}."
            ),
        ),
        "expired": Ending(
            sign="–",
            tone="plain",
            title="Abgelaufen, wie vereinbart",
            lead=(
                "Die Zeit, der Sie zugestimmt haben, ist um. Es entsteht kein neuer Ton mit Ihrer "
                "Stimme."
            ),
            next=(
                "Ohne Sie zu fragen wird nichts verlängert. Wenn etwas unklar ist, fragen Sie "
                "{organisation}."
            ),
        ),
        "invalidated": Ending(
            sign="✕",
            tone="bad",
            title="Für ungültig erklärt",
            lead="Diese Einwilligung gilt nicht. Ihre Stimme wird nicht mehr verwendet.",
            next="Fragen Sie {organisation}, was daran falsch war.",
        ),
        "terminated": Ending(
            sign="–",
            tone="plain",
            title="Beendet",
            lead="{organisation} hat das beendet. Es entsteht kein neuer Ton mit Ihrer Stimme.",
            next="Wenn etwas unklar ist, fragen Sie {organisation}.",
        ),
        "superseded": Ending(
            sign="→",
            tone="plain",
            title="Eine neuere gilt",
            lead="Sie haben eine neuere Anfrage unterschrieben; die zählt.",
            next="Öffnen Sie deren Link, um sie anzusehen oder zu beenden.",
        ),
        "erased": Ending(
            sign="✓",
            tone="good",
            title="Ihre Daten sind gelöscht",
            lead=(
                "Der Schlüssel zu allem Persönlichen über Sie ist zerstört oder wird gerade "
                "zerstört. Ihr Name, Ihre Adresse und was Sie unterschrieben haben sind hier nicht "
                "mehr lesbar."
            ),
            next="{organisation} kann Ihnen die Bescheinigung geben.",
        ),
        "unknown": Ending(
            sign="?",
            tone="warn",
            title="Diesen Link kennen wir nicht",
            lead="Vielleicht ist beim Kopieren ein Stück verloren gegangen.",
            next=(
                "Öffnen Sie ihn noch einmal aus der Nachricht, die Sie bekommen haben. Hilft das "
                "nicht, fragen Sie, wer sie geschickt hat."
            ),
        ),
        "elsewhere": Ending(
            sign="!",
            tone="warn",
            title="Diese Seite genügt nicht",
            lead=(
                "Die Anfrage verlangt einen stärkeren Nachweis als einen getippten Namen, und den "
                "kann diese Seite nicht geben."
            ),
            next="Es wurde nichts unterschrieben. Fragen Sie {organisation}, wie es weitergeht.",
        ),
    },
)
