"""The README.txt of a bundle: what is in it and how to check it, written for readers who have never
heard of us.
"""

from __future__ import annotations

from typing import Final

from core import clock
from provenance.exports.export_sources import ExportScope, Kind

_PURPOSE: Final[dict[Kind, str]] = {
    "audit": (
        "This is an audit bundle: everything that was recorded about consent to synthetic voices "
        "and their\n"
        "use, so that somebody else can check that it is complete, in order and unchanged. People "
        "appear as ids alone."
    ),
    "speaker": (
        "This is a copy of everything that is kept about one voice owner, for that person (GDPR "
        "Art. 15 and 20).\n"
        "It holds personal data: hand it to nobody else."
    ),
    "ropa": (
        "This is the record of processing activities around synthetic voices (GDPR Art. 30), drawn "
        "from the\n"
        "notices that people were shown and the consents that they gave. It names no voice owner."
    ),
    "usage": (
        "This is the usage of synthetic voices by month, consent, grant, use case and language.\n"
        "It names no voice owner."
    ),
}
# Keyed by whether an audit bundle opens the words.
_WORDS: Final = {
    True: (
        "\nThe words of intended uses (tables/intended_uses) are what the asker wrote and the "
        "person read. They may\n"
        "name people: hand them on with care."
    ),
    False: (
        "\nThe words of intended uses are left out, because who asked for this bundle may not "
        "learn who people are.\n"
        "Grants and signed records hold a salted hash of each."
    ),
}
_EVIDENCE: Final = """
  entries.jsonl      entries of the log, one a line, each line the exact bytes that the log's Merkle
                     tree is built from
  leaves.bin         SHA-256 leaf hashes (32 bytes each) of the entries before and after those,
                     where there are any
  proofs.jsonl       instead of leaves.bin, in a voice owner's copy: for each entry its place and
                     its inclusion proof
  openings.jsonl     for entries that this bundle may open: {"index", "id", "key", "body"}
  closings.jsonl     erasures outside of a period, each with its proof: why entries inside of it
                     stay closed
  c2pa-roots.pem     the roots under which the clips' Content Credentials (C2PA) are signed, when
                     there are any: trust anchors for a C2PA reader, which then needs nobody else to
                     check a clip or its manifest
  records/           signed consent records, {"id", "record" (base64 of the exact bytes), "sha256",
                     "jws"} a line"""
_RECORDINGS: Final = """
  files/             your recordings as they are kept: clips/, samples/, evidence/, each named by
                     the id of its row"""
_OWN: Final[dict[Kind, str]] = {
    "audit": _EVIDENCE,
    "speaker": _EVIDENCE + _RECORDINGS,
    "ropa": "",
    "usage": "",
}
_TEXT: Final = """\
{title}
{line}

{purpose}{words}
{test}
Organisation {organisation}, bundle {export}, made {made}, period {period}.

What is in it

  manifest.json      every file with size and SHA-256, counts, and the checkpoint; manifest.jws
                     signs exactly its bytes (compact JWS, Ed25519, the payload is the whole of
                     manifest.json)
  checkpoint         signed head of the log: name, number of entries, root (C2SP tlog-checkpoint)
  keys.json          public keys of the log, of consent records and of bundles, and when they are
                     valid{own}
  tables/            each table as JSON lines and, the same, as CSV. A CSV cell that a spreadsheet
                     would take for a formula begins with an apostrophe
  verify.py          checks all of this; needs Python 3.9 or later and nothing else, and no network

How to check it

  python3 verify.py BUNDLE.zip --key keys.json

Fetch keys.json beforehand, over another line than this bundle, from {address}/keys.json; the one in
here vouches for nothing. Take verify.py from the service that you trust (/verify.py) rather than
from the bundle that you doubt.

One line a check: ok, REFUSED, or "not checked" with the reason. It ends with 0 verified, 1 refused,
2 unreadable, 3 consistent but nobody vouches for all keys, 4 the program itself failed. --json has
the same word in "result".

  --key FILE         the keys.json that you fetched, or the verifier keys that {address}/key shows
  --previous FILE    the checkpoint of an earlier bundle: the log must continue it

Every key that signed something in here must be vouched for: it is in the file of --key, or it
signed the checkpoint of --previous, or an entry that such a key's checkpoint covers names it
(key.rotated, and "keys" of export.requested). A bundle of a period does not hold the entry of its
own request: give --key for one.

What the check proves, and what not

  The log is replayed: every allowed decision and every clip has to lie in what was signed, while
  the consent stood, and every value of every table has to be what log, signed records or openings
  say. What none of them says stands in the line "stated": it is the word of whoever made the
  bundle. An entry that is not opened has to be explained by an erasure in the same log. A personal
  copy cannot prove that no entry of the person was left out.

  Assurance and method of a consent are those of its signed record: L0 with link_given_to_controller
  means that the asker had the link in hand, and such a consent permits nothing. Quotas, holds,
  levels, who approved an import, and what other consents of the person exclude are not replayed:
  that those were kept is stated, not proven.

What is not in it

  Deliveries of links (their starts, ends and failures are entries of the log, a server's word is
  evidence of the kind mail_proof), corrections of names and addresses (entries speaker.corrected),
  and approvals of imported consents have no table.

How the parts hold together

  - Leaf hash of an entry: SHA-256(0x00, line). Inner nodes: SHA-256(0x01, left, right). RFC 6962,
    section 2.1.
  - An entry's "c" is base64(HMAC-SHA256(key, "sayso-commitment-v1\\n" + JCS(body))) with key and
    body of its opening. JCS is RFC 8785. Erasing a person destroys the key: the entry stays, and
    nobody can open it any more.
  - An entry's "kid" is the first 16 bytes, in base64url, of HMAC-SHA256(k, "sayso-kid-v1\n" + id).
    An erasure gives out k ("kids" in the body of erasure.completed): it opens nothing, and shows
    which entries that erasure closed.
  - Rows of tables that have "log_index" name the entry that recorded them. States of rows are those
    at the making of the bundle; rows newer than its checkpoint are left to the next one.
"""


def render_readme(scope: ExportScope, *, export_id: str, made: str, origin: str) -> str:
    """Write the README of one bundle. Plain text, no personal data."""
    title = f"Sayso {scope.kind} bundle"
    ends = [clock.to_rfc3339(at) if at else "open" for at in (scope.start, scope.end)]
    test = (
        ""
        if scope.livemode
        else "\n*** TEST DATA. This bundle proves nothing about real people or real use. ***\n"
    )
    return _TEXT.format(
        title=title,
        line="=" * len(title),
        purpose=_PURPOSE[scope.kind],
        words=_WORDS[scope.words] if scope.kind == "audit" else "",
        test=test,
        organisation=scope.organisation_id,
        export=export_id,
        made=made,
        period="everything"
        if scope.start is None and scope.end is None
        else f"{ends[0]} to {ends[1]} (excluded)",
        own=_OWN[scope.kind],
        address=origin,
    )
