"""The paragraphs by which the synthesiser's own voice is measured, one for each language."""

from __future__ import annotations

from typing import Final

PARAGRAPHS: Final = {
    "en": (
        "Early in the morning the harbour is quiet, and only a few gulls walk along the wall. By "
        "eight o'clock the "
        "boats come back, their crews shout numbers to the buyers, and boxes of fish slide over "
        "the wet stones. "
        "Who would think that the whole noisy business is finished, washed and forgotten before "
        "the schools open?"
    ),
    "de": (
        "Früh am Morgen ist der Hafen still, und nur ein paar Möwen gehen über die Mauer. Gegen "
        "acht Uhr kommen die "
        "Boote zurück, die Leute rufen den Käufern Zahlen zu, und Kisten voller Fisch rutschen "
        "über die nassen Steine. "
        "Wer würde glauben, dass das laute Geschäft schon vorbei und vergessen ist, bevor die "
        "Schulen öffnen?"
    ),
    "es": (
        "Por la mañana temprano el puerto está tranquilo y solo unas gaviotas caminan por el muro. "
        "Hacia las ocho "
        "vuelven los barcos, la gente grita números a los compradores y las cajas de pescado "
        "resbalan sobre la piedra "
        "mojada. ¿Quién diría que todo ese ruido se acaba y se olvida antes de que abran las "
        "escuelas?"
    ),
    "fr": (
        "Tôt le matin le port est calme, et quelques mouettes marchent le long du mur. Vers huit "
        "heures les bateaux "
        "reviennent, les équipages crient des chiffres aux acheteurs, et les caisses de poisson "
        "glissent sur la pierre "
        "mouillée. Qui croirait que tout ce bruit est fini et oublié avant que les écoles ouvrent "
        "leurs portes ?"
    ),
    "it": (
        "La mattina presto il porto è tranquillo e solo qualche gabbiano cammina lungo il muro. "
        "Verso le otto "
        "tornano le barche, la gente grida numeri ai compratori e le casse di pesce scivolano "
        "sulla pietra bagnata. "
        "Chi direbbe che tutto questo rumore è finito e dimenticato prima che aprano le scuole?"
    ),
}
# Other languages use the English one, because the synthesiser's timbre is measured, which the
# languages share.

ENGLISH: Final = (PARAGRAPHS["en"], "gmw/en-US")
