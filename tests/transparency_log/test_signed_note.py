"""The text formats: signed notes, checkpoints, proofs and verifier keys, against known answers and
odd input.
"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from transparency_log.formats import signed_note
from transparency_log.formats.signed_note import LogProof, NoteRefused, TreeHead

# The example in the documentation of Go's sumdb/note package.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ANSWER = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your "
    "problem is.\n\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = signed_note.VerifierKey(
    name="log.example/log/org", public_key=PRIVATE.public_key().public_bytes_raw()
)
HEAD = TreeHead(origin=KEY.name, size=70_000, root=bytes(range(32)))
NOTE = signed_note.sign_note(HEAD.text(), [(KEY, PRIVATE.sign)])
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER_KEY = signed_note.VerifierKey(name=KEY.name, public_key=OTHER.public_key().public_bytes_raw())


class TestVerify:
    def test_takes_the_note_that_other_software_signed(self) -> None:
        assert signed_note.verify_note(
            ANSWER, [signed_note.parse_verifier_key(NEUMANN)]
        ).startswith("If you think cryptography")

    def test_ignores_lines_of_unknown_keys(self) -> None:
        both = signed_note.sign_note(HEAD.text(), [(OTHER_KEY, OTHER.sign), (KEY, PRIVATE.sign)])

        assert signed_note.read_checkpoint(both, [KEY]) == HEAD

    def test_refuses_a_note_of_unknown_keys_alone(self) -> None:
        with pytest.raises(NoteRefused, match="No known key"):
            signed_note.verify_note(NOTE, [OTHER_KEY])

    def test_refuses_a_false_line_of_a_known_key_even_beside_a_good_one(self) -> None:
        false = signed_note.sign_note(HEAD.text(), [(KEY, PRIVATE.sign), (OTHER_KEY, PRIVATE.sign)])

        with pytest.raises(NoteRefused, match="false"):
            signed_note.verify_note(false, [KEY, OTHER_KEY])

    @given(st.integers(0, len(NOTE) - 1), st.characters(codec="utf-8"))
    def test_refuses_a_note_with_any_character_changed(self, at: int, character: str) -> None:
        changed = NOTE[:at] + character + NOTE[at + 1 :]

        if changed != NOTE:
            with pytest.raises(NoteRefused):
                signed_note.verify_note(changed, [KEY])

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "\n",
            "\n\n",
            "text\n",
            "text\n\n",
            "text\n\n— name",
            "a\x00b\n\n— n AAAA\n",
            f"{NOTE}more",
        ],
    )
    def test_refuses_what_is_no_note(self, text: str) -> None:
        with pytest.raises(NoteRefused):
            signed_note.verify_note(text, [KEY])

    def test_refuses_more_signatures_than_anyone_needs(self) -> None:
        with pytest.raises(NoteRefused, match="too many"):
            signed_note.verify_note(signed_note.sign_note("a\n", [(KEY, PRIVATE.sign)] * 65), [KEY])


class TestSign:
    def test_gives_the_same_bytes_for_the_same_head(self) -> None:
        assert signed_note.sign_note(HEAD.text(), [(KEY, PRIVATE.sign)]) == NOTE

    @pytest.mark.parametrize("text", ["", "no newline", "tab\there\n"])
    def test_refuses_a_text_that_is_no_note(self, text: str) -> None:
        with pytest.raises(ValueError, match="a note is text"):
            signed_note.sign_note(text, [(KEY, PRIVATE.sign)])

    def test_refuses_a_name_that_no_signature_line_can_hold(self) -> None:
        with pytest.raises(ValueError, match="cannot be the name"):
            signed_note.sign_note(
                "a\n", [(signed_note.VerifierKey(name="a b", public_key=bytes(32)), PRIVATE.sign)]
            )


class TestCheckpoint:
    def test_is_origin_size_and_root(self) -> None:
        assert (
            HEAD.text()
            == "log.example/log/org\n70000\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
        )

    @pytest.mark.parametrize("size", ["", "-1", "+1", "01", "1.0", "ten", "9" * 20])
    def test_refuses_a_size_that_is_no_number(self, size: str) -> None:
        with pytest.raises(NoteRefused):
            signed_note.parse_checkpoint(
                f"origin\n{size}\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
            )

    @pytest.mark.parametrize(
        "root", ["", "AAAA", "not base64", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9="]
    )
    def test_refuses_a_root_that_is_no_hash(self, root: str) -> None:
        with pytest.raises(NoteRefused):
            signed_note.parse_checkpoint(f"origin\n1\n{root}\n")


class TestProofFile:
    PROOF = LogProof(index=5, path=(bytes(32), bytes(range(32))), checkpoint=NOTE)

    def test_reads_as_it_was_written(self) -> None:
        assert signed_note.read_proof(signed_note.write_proof(self.PROOF)) == self.PROOF

    def test_of_a_tree_of_one_has_no_path(self) -> None:
        alone = LogProof(index=0, path=(), checkpoint=NOTE)

        assert signed_note.write_proof(alone) == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{NOTE}"
        assert signed_note.read_proof(signed_note.write_proof(alone)) == alone

    def test_passes_over_extra_data(self) -> None:
        text = signed_note.write_proof(self.PROOF).replace("\nindex", "\nextra AAAA\nindex")

        assert signed_note.read_proof(text) == self.PROOF

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "c2sp.org/tlog-proof@v1",
            "c2sp.org/tlog-proof@v1\n\nnote",
            "other\nindex 0\n\nnote",
            "c2sp.org/tlog-proof@v1\nindex 00\n\nnote",
            "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nnote",
        ],
    )
    def test_refuses_what_is_no_proof(self, text: str) -> None:
        with pytest.raises(NoteRefused):
            signed_note.read_proof(text)


class TestKey:
    def test_reads_as_it_was_written(self) -> None:
        assert signed_note.parse_verifier_key(str(KEY)) == KEY
        assert str(signed_note.parse_verifier_key(NEUMANN)) == NEUMANN

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "name",
            "name+00000000+AAAA",
            NEUMANN.replace("c74f20a3", "c74f20a4"),
            NEUMANN.replace("+ARpc", "+Bhpc"),
        ],
    )
    def test_refuses_what_is_no_ed25519_key_or_has_another_id(self, text: str) -> None:
        with pytest.raises(NoteRefused):
            signed_note.parse_verifier_key(text)
