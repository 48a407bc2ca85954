"""The README.txt of a bundle: what is in it and how to check it, written for readers who have never
heard of us.
"""

from __future__ import annotations

from typing import Final

from core import clock
from provenance.exports.export_sources import ExportScope, Kind

_PURPOSE: Final[dict[Kind, str]] = {
    "audit": (
        "This is an audit bundle: everything that was recorded about consent to synthetic voices\n"
        "and their use. An auditor can check that it is complete, in order and unchanged. People\n"
        "appear as ids alone."
    ),
    "speaker": (
        "This is a copy of everything that is kept about one voice owner, for that person (GDPR\n"
        "Art. 15 and 20). It holds personal data: hand it to no other person."
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
        "\nThe words of intended uses (tables/intended_uses) are what the organisation wrote and "
        "the person\n"
        "read. They may name people: hand them on with care."
    ),
    False: (
        "\nThe words of intended uses are left out, because they may name people, and this bundle "
        "was\n"
        "requested without the right to see names. Grants and signed records hold a salted hash of "
        "each."
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
                     there are any: trust anchors, with which a C2PA reader can check a clip or its
                     manifest alone
  records/           signed consent records, {"id", "record" (base64 of the exact bytes), "sha256",
                     "jws"} a line"""
_RECORDINGS: Final = """
  files/             your files as they are kept, each named by the id of its row: clips/ and
                     samples/ are audio, evidence/ holds the page that you were shown when you
                     signed (JSON), and other proofs"""
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
Organisation  {organisation}
Bundle        {export}
Made          {made}
Period        {period}

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

Fetch keys.json beforehand, and not over the way that this bundle came, from

  {address}/keys.json

The keys.json in this bundle proves nothing by itself. Take verify.py from the service
(/verify.py), not from the bundle that you want to check.

The program prints one line a check: ok, REFUSED, or "not checked" with the reason. --json prints
the same as JSON. The last line and the exit status say how it ended:

  0 verified         every check passed, and the keys are known from outside
  1 refused          at least one check failed
  2 unreadable       this is no bundle that the program can read
  3 consistent       everything agrees, but some keys are known from this bundle alone
  4                  the program itself failed

  --key FILE         the keys.json that you fetched, or the verifier keys shown at
                     {address}/key
  --previous FILE    the checkpoint of an earlier bundle: the log must continue it

Every key that signed a part of the bundle must be known from outside: it is in the file of --key,
or it signed the checkpoint of --previous, or it is named by an entry that the checkpoint of such a
key covers (key.rotated, and "keys" of export.requested). A bundle of a period does not hold the
entry of its own request, so it needs --key.

What the check proves, and what not

  The log is replayed: every allowed decision and every clip must lie within what was signed, while
  the consent was in force. Every value of every table must be what the log, the signed records or
  the openings say. The line "stated" lists the values that none of them holds: for these you have
  the word of the organisation alone. An entry that is not opened must be explained by an erasure in
  the same log. A personal copy cannot prove that no entry of the person was left out.

  Assurance and method of a consent are those of its signed record: L0 with link_given_to_controller
  means that the organisation had the link in hand, and such a consent permits nothing. Quotas,
  holds, levels, approvals of imports, and exclusions by other consents of the person are not
  replayed: that they were kept is stated, not proven.

What is not in it

  Three things have no table: deliveries of links (their starts, ends and failures are entries of
  the log, and a mail server's answer is evidence of the kind mail_proof), corrections of names and
  addresses (entries speaker.corrected), and approvals of imported consents.

How the parts hold together

  - Leaf hash of an entry: SHA-256(0x00, line). Inner nodes: SHA-256(0x01, left, right). RFC 6962,
    section 2.1.
  - An entry's "c" is base64(HMAC-SHA256(key, "sayso-commitment-v1\\n" + JCS(body))) with key and
    body of its opening. JCS is RFC 8785. Erasing a person destroys the key: the entry stays, and
    can never be opened again.
  - An entry's "kid" is the first 16 bytes, in base64url, of HMAC-SHA256(k, "sayso-kid-v1\\n" + id).
    An erasure publishes k ("kids" in the body of erasure.completed). It opens nothing, and shows
    which entries that erasure closed.
  - Rows of tables that have "log_index" name the entry that recorded them. States of rows are those
    of the moment when the bundle was made. Rows newer than its checkpoint are left to the next one.
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
