"""The first act of the demo: a speaker is entered, asked for consent, and signs."""

from __future__ import annotations

from typing import Any

from config.demo.demo_session import DemoSession, expect_status, require_outcome
from config.demo.signer import sign_on_the_page


class ConsentSteps(DemoSession):
    """Steps from the speaker's name to the signed record."""

    def meet_the_speaker(self) -> None:
        """Make the speaker."""
        with self.tell.step("Mara Lindqvist, a narrator, is entered as a speaker"):
            body = {
                "name": "Mara Lindqvist",
                "email": "mara@example.org",
                "country": "DE",
                "locale": "en",
            }
            speaker = expect_status(self.client.post("/v1/speakers", body), 201)
            self.ids["speaker"] = speaker["id"]
            self.tell.say(
                f"{speaker['id']}; her name and address lie encrypted under a key of her own"
            )

    def ask_for_consent(self) -> None:
        """Request consent to audiobooks in English and German for a year."""
        with self.tell.step(
            "The publisher asks for her consent: audiobooks, in English and German, for one year"
        ):
            body = {
                "speaker": self.ids["speaker"],
                "notice": "voice-cloning",
                "locale": "en",
                "assurance": "L1",
                "jurisdictions": ["EU"],
                "duration": "P1Y",
                "representation": {"kind": "none"},
                "grants": [
                    {
                        "use_case": "entertainment.audiobook",
                        "intended_uses": (
                            "Narration of the novel “The Harbour Lamps”, unabridged, in two "
                            "languages."
                        ),
                        "actions": ["clone", "synthesize"],
                        "languages": ["en", "de"],
                        "channels": ["*"],
                        "territories": ["*"],
                        "exclusions": [],
                        "quota": {"characters": 100_000},
                    }
                ],
            }
            consent = expect_status(self.client.post("/v1/consents", body), 201)
            self.ids |= {"consent": consent["id"], "link": self._get_link(consent)}
            self.tell.say(f"{consent['id']} is {consent['state']}; she gets a one-time link")

    def _get_link(self, consent: dict[str, Any]) -> str:
        """Return the link from the speaker's mailbox, or without one from the answer."""
        # Without a mailbox this is the sandbox, where the answer holds the link.
        if self.mailbox is None:
            return str(consent["signing_url"])

        require_outcome(
            "signing_url" not in consent, "the publisher got the link that is hers alone"
        )
        link = self.mailbox.signing_link()
        self.tell.say("the link came to her mailbox, and the publisher's answer has none")
        return link

    def sign(self) -> None:
        """Sign on the real page, as a browser without JavaScript would."""
        with self.tell.step(
            "She opens the link, reads, ticks each purpose, types her name and signs"
        ):
            sign_on_the_page(self.ids["link"], name="Mara Lindqvist", advice="none")
            consent = expect_status(self.client.get(f"/v1/consents/{self.ids['consent']}"), 200)
            require_outcome(
                consent["state"] == "active", f"the consent is {consent['state']}, not active"
            )
            self.tell.say(f"state {consent['state']} until {consent['valid_until']}")

    def show_the_receipt(self) -> None:
        """Show what she signed, with its signature."""
        with self.tell.step("Her receipt"):
            record = expect_status(
                self.client.get(f"/v1/consents/{self.ids['consent']}/record"), 200
            )
            receipt = self.client.get(f"/v1/consents/{self.ids['consent']}/receipt.pdf")
            require_outcome(
                receipt.status == 200 and receipt.body.startswith(b"%PDF"), "no receipt came"
            )
            (self.folder / "receipt.pdf").write_bytes(receipt.body)
            self.tell.say(
                f"record SHA-256 {record['sha256']}, signed with Ed25519; receipt.pdf for her files"
            )
