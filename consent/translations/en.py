"""The signing pages in English."""

from __future__ import annotations

from typing import Final

from consent.translations.schema import Ending, SigningPageText

WORDS: Final = SigningPageText(
    page_title="A question about your voice",
    headline="{organisation} asks for your voice",
    dear="For {name}",
    test="This is test data. Nothing that you sign here counts.",
    test_ended="This is test data; it does not count.",
    in_short="In short",
    who="Who asks",
    contact="Reach them",
    contact_unknown="As in the message that brought you here",
    dpo="Data protection officer",
    level="How you sign",
    levels={
        "L0": (
            "You tick boxes and type your name. The asker gave you the link, so nothing proves "
            "that you signed (level L0)."
        ),
        "L1": "You tick boxes and type your name (level L1).",
        "L2": "With a stronger proof than a typed name (level L2).",
        "L3": "With a stronger proof than a typed name, and a witness (level L3).",
    },
    not_here_title="You cannot sign on this page",
    not_here=(
        "This request asks for a stronger proof than a typed name, and this page cannot give it. "
        "You can read everything and say no here. To say yes, ask {organisation} how to go on."
    ),
    link="Your link",
    term="For how long",
    decide_by="Decide by",
    free="You are free to say no. Saying no costs you nothing, and you need not give a reason.",
    fault_title="One more thing",
    purposes="What your voice would be used for",
    purposes_hint=(
        "Each purpose has its own box. Tick only what you agree to; leave the others empty."
    ),
    purpose="Purpose {number}",
    agree="I agree to this purpose",
    agree_to="I agree: {title}",
    intended="In their words:",
    beware="Think twice",
    notice="The full notice",
    notice_version="Version {version}, in English. Fingerprint of this text: {hash}",
    open_all="Read what the law wants you to know: your rights, who receives what, how to stop it.",
    advice="Does somebody advise you in this?",
    advice_hint=(
        "You may ask a lawyer, an agent or your union before you decide. Your answer is kept with "
        "your signature."
    ),
    advices={
        "none": "No, I decide on my own",
        "counsel": "Yes, a lawyer or an agent has advised me",
        "union": "Yes, my union has advised me or negotiated this",
    },
    represented="The request says that somebody acts for you:",
    sign_title="Sign",
    statement="With your signature you say:",
    name="Your full name",
    name_hint="Type it as it stands in the request: {name}",
    sign="Sign and agree to what I ticked",
    decline_title="Or say no",
    decline_hint="Then no voice model is made. {organisation} finds in its list that you said no, "
    "and the reason if you give one.",
    decline_reason="Reason (you may leave this empty)",
    decline="I say no",
    not_me_title="This is not meant for me",
    not_me_hint="If you are not {name}, do not sign. Tell us, and the link stops working.",
    not_me="I am not this person",
    faults={
        "nothing_ticked": "Tick at least one purpose that you agree to, or say no below.",
        "tick_unknown": (
            "The request has changed since you opened it. Read it once more, then tick again."
        ),
        "name_missing": "Type your full name to sign.",
        "name_mismatch": "This is not the name in the request. Type it as it stands there: {name}",
        "advice_missing": "Say whether somebody advises you.",
        "page_changed": (
            "The request has changed since you opened it. Read it once more, then sign."
        ),
        "delivery_pending": (
            "The server that carried our letter has not confirmed it yet. Press again in a minute."
        ),
    },
    agreed_to="You agreed to",
    had_agreed_to="You had agreed to",
    signed_on="Signed on",
    valid_until="Valid until",
    ended_on="Ended on",
    fingerprint="Fingerprint",
    fingerprint_hint="The first characters of your record’s SHA-256. Your copy has all of it.",
    receipt_title="Keep your copy",
    receipt_hint=(
        "It holds what you were shown, what you agreed to, and a signature that anybody can check."
    ),
    receipt_pdf="Copy to read (PDF)",
    receipt_json="Copy for computers (JSON)",
    keep_title="Keep your link",
    keep_hint=(
        "It is your way back to this page: to see how things stand, to fetch your copy, to stop "
        "it. Whoever has it can do the same in your name, so pass it on to nobody."
    ),
    keep_letter="Mail it to yourself",
    keep_subject="My voice and {organisation}",
    keep_scan="Open it on another device: scan this",
    next_title="What happens next",
    next_steps=(
        "{organisation} may now make a model of your voice, from recordings of you.",
        "Before every use, a computer checks it against what you ticked, and refuses the rest.",
        "Everything that is made carries a mark that can be found again, and is written down.",
    ),
    stop_title="You can stop it at any time",
    stop_hint=(
        "If you withdraw, no new audio is made from that moment on, and the voice model is "
        "deleted. You need no reason. It cannot be undone."
    ),
    stop="Withdraw my agreement now",
    ask="Whom to ask",
    number="Number of this request",
    endings={
        "active": Ending(
            sign="✓",
            tone="good",
            title="You have signed",
            lead="Thank you. Your answer is recorded, and your limits hold from now on.",
            next="",
        ),
        "suspended": Ending(
            sign="‖",
            tone="warn",
            title="On hold",
            lead="You signed this, and it is on hold: your voice is not used until that ends.",
            next="Ask {organisation} why, or withdraw below.",
        ),
        "declined": Ending(
            sign="✓",
            tone="plain",
            title="You said no",
            lead="No voice model is made. {organisation} finds your answer in its list.",
            next=(
                "There is nothing else to do. If you change your mind, ask {organisation} for a "
                "new link."
            ),
        ),
        "not_me": Ending(
            sign="✓",
            tone="plain",
            title="Thank you for telling us",
            lead=(
                "You said that this was not meant for you. The link no longer works, and nothing "
                "was agreed."
            ),
            next=(
                "{organisation} finds in its list that the link reached another person. You need "
                "do nothing else."
            ),
        ),
        "lapsed": Ending(
            sign="–",
            tone="warn",
            title="This link has run out",
            lead="The request was not answered in time, or it was called back. Nothing was agreed.",
            next="If you still want to answer, ask {organisation} for a new link.",
        ),
        "rejected": Ending(
            sign="–",
            tone="warn",
            title="This did not come about",
            lead="The answer could not be accepted, so nothing is agreed.",
            next="{organisation} can tell you why and send a new link.",
        ),
        "withdrawn": Ending(
            sign="✓",
            tone="good",
            title="You have stopped it",
            lead=(
                "The agreement is withdrawn. From that moment on no new audio is made with your "
                "voice."
            ),
            next=(
                "The voice model is deleted, at the voice provider too. If you also want to be "
                "erased, write to {organisation}."
            ),
        ),
        "expired": Ending(
            sign="–",
            tone="plain",
            title="This has ended on its date",
            lead="The time that you agreed to is over. No new audio is made with your voice.",
            next=(
                "It is never renewed without asking you. If anything is unclear, ask "
                "{organisation}."
            ),
        ),
        "invalidated": Ending(
            sign="✕",
            tone="bad",
            title="Declared invalid",
            lead="This agreement was found not to be valid. Your voice is no longer used.",
            next="Ask {organisation} what was wrong.",
        ),
        "terminated": Ending(
            sign="–",
            tone="plain",
            title="Ended",
            lead="{organisation} has ended this. No new audio is made with your voice.",
            next="If anything is unclear, ask {organisation}.",
        ),
        "superseded": Ending(
            sign="→",
            tone="plain",
            title="A newer one has taken its place",
            lead="You signed a newer request, and that one counts.",
            next="Open the link of the newer request to see it or to stop it.",
        ),
        "erased": Ending(
            sign="✓",
            tone="good",
            title="You have been erased",
            lead=(
                "The key to everything personal about you is destroyed, or is being destroyed. "
                "Your name, your address and what you signed cannot be read here any more."
            ),
            next="{organisation} can give you the certificate.",
        ),
        "unknown": Ending(
            sign="?",
            tone="warn",
            title="We do not know this link",
            lead="Perhaps a part of it was lost when it was copied.",
            next=(
                "Open it again from the message that you received. If that does not help, ask "
                "whoever sent it."
            ),
        ),
        "elsewhere": Ending(
            sign="!",
            tone="warn",
            title="This page is not enough",
            lead=(
                "The request asks for a stronger proof than a typed name, and this page cannot "
                "give it."
            ),
            next="Nothing was signed. Ask {organisation} how to go on.",
        ),
    },
)
