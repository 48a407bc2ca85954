"""Whether a scope covers a request: the rules of the gate, written again for the verifier alone.

The tables are those of the service. A test compares the two, code by code.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

_MEMBERS = (
    "cmn=zh arb=ar pes=fa swh=sw zsm=ms nb=no ekk=et lvs=lv als=sq npi=ne khk=mn azj=az "
    "ory=or uzn=uz plt=mg ydd=yi pbt=ps kmr=ku tw=ak pnb=lah gug=gn ayr=ay gaz=om kpv=kv "
    "mhr=chm bxr=bua bcl=bik dgo=doi knn=kok ike=iu knc=kr rmy=rom quz=qu kng=kg zyb=za "
    "diq=zza"
)
_TAGS = (
    "zh-TW=zh-Hant-TW zh-HK=zh-Hant-HK zh-MO=zh-Hant-MO zh-CN=zh-Hans-CN zh-SG=zh-Hans-SG ar-XA=ar"
)
_PARTS = (
    "001:019,002,150,142,009 002:015,011,017,014,018,202 003:021,013,029 "
    "005:AR,BO,BR,BV,CL,CO,EC,FK,GF,GS,GY,PE,PY,SR,UY,VE 009:053,054,057,061 "
    "011:BF,BJ,CI,CV,GH,GM,GN,GW,LR,ML,MR,NE,NG,SH,SL,SN,TG 013:BZ,CR,GT,HN,MX,NI,PA,SV "
    "014:BI,DJ,ER,ET,IO,KE,KM,MG,MU,MW,MZ,RE,RW,SC,SO,SS,TF,TZ,UG,YT,ZM,ZW "
    "015:DZ,EG,EH,LY,MA,SD,TN,EA,IC "
    "017:AO,CD,CF,CG,CM,GA,GQ,ST,TD 018:BW,LS,NA,SZ,ZA 019:021,013,029,005,003,419 "
    "021:BM,CA,GL,PM,US "
    "029:AG,AI,AW,BB,BL,BQ,BS,CU,CW,DM,DO,GD,GP,HT,JM,KN,KY,LC,MF,MQ,MS,PR,SX,TC,TT,VC,VG,VI "
    "030:CN,HK,JP,KP,KR,MN,MO,TW 034:AF,BD,BT,IN,IR,LK,MV,NP,PK "
    "035:BN,ID,KH,LA,MM,MY,PH,SG,TH,TL,VN "
    "039:AD,AL,BA,ES,GI,GR,HR,IT,ME,MK,MT,RS,PT,SI,SM,VA,XK 053:AU,CC,CX,HM,NF,NZ "
    "054:FJ,NC,PG,SB,VU "
    "057:FM,GU,KI,MH,MP,NR,PW,UM 061:AS,CK,NU,PF,PN,TK,TO,TV,WF,WS 142:145,143,030,034,035 "
    "143:TM,TJ,KG,KZ,UZ 145:AE,AM,AZ,BH,CY,GE,IL,IQ,JO,KW,LB,OM,PS,QA,SA,SY,TR,YE "
    "150:154,155,151,039 "
    "151:BG,BY,CZ,HU,MD,PL,RO,RU,SK,UA 154:GG,IM,JE,AX,DK,EE,FI,FO,GB,IE,IS,LT,LV,NO,SE,SJ "
    "155:AT,BE,CH,DE,FR,LI,LU,MC,NL 202:011,017,014,018 419:013,029,005"
)
_EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
# The main member of each macro language of ISO 639-3, and the macro language: two names of one
# spoken language.
MACRO_OF = dict(pair.split("=") for pair in _MEMBERS.split())
# Members that a macro language covers besides its main one. They do not cover it.
ALSO_COVERED = {"no": ("nn",), "ps": ("pbu",)}
TAG_ALIASES = dict(pair.split("=") for pair in _TAGS.split())
# What lies in each region of UN M.49.
REGIONS = {
    region: tuple(parts.split(",")) for region, parts in (row.split(":") for row in _PARTS.split())
}
# The members since this day. For earlier days there is no row, so a union covers nothing.
UNIONS_SINCE = date(2020, 2, 1)
EU = frozenset(_EU.split())
UNIONS = {"EU": EU, "EEA": EU | {"IS", "LI", "NO"}}
# Children that no parent covers.
ASKED_APART = ("advertising.endorsement", "model.train")
# Their parents, which no grant covers if a call asks for them as such.
TOO_WIDE = ("advertising", "model")
SENSITIVE = (
    "adult",
    "financial_advice",
    "impersonation",
    "medical_advice",
    "political",
    "religious",
    "endorsement",
)
# One use, under three names.
ENDORSEMENT = {"endorsement", "advertising", "advertising.endorsement"}
# Actions that publish nothing. Only what the call names is judged.
UNPUBLISHED = ("clone", "verify_speaker")


def list_uncovered_fields(scope: dict[str, Any], ask: dict[str, Any], on: date) -> list[str]:
    """Return the fields of a request that a grant's scope does not cover on that day."""
    published = ask["action"] not in UNPUBLISHED
    use_case = ask["use_case"]
    language = ask["language"]
    channel = ask["channel"]
    place = ask["territory"]

    fits = {
        "action": ask["action"] in scope["actions"],
        "use_case": _is_use_case_covered(scope["use_case"], use_case)
        if use_case
        else not published,
        "language": is_language_covered(scope["languages"], language)
        if language
        else not published,
        "channel": "*" in scope["channels"]
        or (channel in scope["channels"] if channel else not published),
        "territory": _is_place_covered(scope["territories"], place, on)
        if published or place
        else True,
        "exclusions": not _is_excluded(
            scope["exclusions"], [*ask["labels"], *([use_case] if use_case else [])]
        ),
        "labels": _are_labels_covered(scope, ask["labels"]),
    }

    return [field for field, inside in fits.items() if not inside]


def _is_use_case_covered(granted: str, asked: str) -> bool:
    if asked in TOO_WIDE:
        return False

    return asked == granted or (asked.partition(".")[0] == granted and asked not in ASKED_APART)


def is_language_covered(ranges: list[str], tag: str) -> bool:
    """Return True if one of the ranges of a scope covers a canonical tag."""
    return any(_is_in_range(_canonicalise_range(one), tag) for one in ranges)


def _canonicalise_range(text: str) -> str:
    language, dash, rest = text.partition("-")
    macro = MACRO_OF.get(language, language)
    text = f"{language if macro in ALSO_COVERED else macro}{dash}{rest}"

    for spelling, meaning in TAG_ALIASES.items():
        if text == spelling or text.startswith(f"{spelling}-"):
            return f"{meaning}{text[len(spelling) :]}"

    return text


def _is_in_range(language_range: str, tag: str) -> bool:
    """Return True by extended filtering (RFC 4647, 3.3.2). A language reaches its other names."""
    outer, inner = language_range.split("-"), tag.split("-")
    macro = MACRO_OF.get(outer[0])
    reach = (macro,) if macro else (outer[0], *ALSO_COVERED.get(outer[0], ()))
    if outer[0] != "*" and inner[0] not in reach:
        return False

    at = 1
    for part in outer[1:]:
        if part == "*":
            continue

        while at < len(inner) and not (part == inner[at] or inner[at] in _list_region_parts(part)):
            # An extension begins. What follows is not the language.
            if len(inner[at]) == 1:
                return False
            at += 1

        if at == len(inner):
            return False
        at += 1

    return True


def _list_region_parts(region: str) -> set[str]:
    found: set[str] = set()
    for part in REGIONS.get(region, ()):
        found |= {part} | _list_region_parts(part)

    return found


def _is_place_covered(granted: list[str], asked: str | None, on: date) -> bool:
    if "*" in granted or asked in granted:
        return True
    if asked is None or asked == "*":
        return False

    unions = UNIONS if on >= UNIONS_SINCE else {}
    countries = set(granted).union(*(unions.get(name, ()) for name in granted))

    if asked in UNIONS:
        return asked in unions and unions[asked] <= countries

    return bool(re.match(r"[A-Z]{2}(-|\Z)", asked)) and asked.partition("-")[0] in countries


def _is_excluded(exclusions: list[str], codes: list[str]) -> bool:
    """Return True if an exclusion means one of these uses or kinds of content.

    A parent stands for its children.
    """
    for code in codes:
        own = "advertising.endorsement" if code == "endorsement" else code
        means = {code, own, own.partition(".")[0]} | (ENDORSEMENT if own in ENDORSEMENT else set())
        if any(one in means or one.startswith(f"{own}.") for one in exclusions):
            return True

    return False


def _are_labels_covered(scope: dict[str, Any], labels: list[str]) -> bool:
    kinds = {
        "endorsement" if label in ENDORSEMENT else label.partition(".")[0]
        for label in labels
        if label in ENDORSEMENT or label.partition(".")[0] in SENSITIVE
    }

    return "unsure" not in labels and kinds <= set(scope["sensitive_content"])
