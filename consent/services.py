"""The changes that consent offers, under one roof: REST, pages, admin and tasks all call these."""

from consent.life.corrections import update_speaker
from consent.life.holds import lift_hold, place_hold
from consent.life.lifecycle import resume, revoke, suspend
from consent.life.narrowing import narrow
from consent.life.requests import Requested, renew, request_consent
from consent.life.resending import resend
from consent.life.samples import register_samples
from consent.life.signing import decline, sign, sign_as_test
from consent.life.sweeps import expire_due
from consent.speakers import add_representative, create_speaker, verify_representative

__all__ = [
    "Requested",
    "add_representative",
    "create_speaker",
    "decline",
    "expire_due",
    "lift_hold",
    "narrow",
    "place_hold",
    "register_samples",
    "renew",
    "request_consent",
    "resend",
    "resume",
    "revoke",
    "sign",
    "sign_as_test",
    "suspend",
    "update_speaker",
    "verify_representative",
]
