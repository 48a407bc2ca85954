"""The changes that consent offers. The API, pages, admin and tasks call these."""

from consent.lifecycle.consent_notes import annotate_consent
from consent.lifecycle.consent_requests import ConsentRequest, request_consent
from consent.lifecycle.expiry import expire_due
from consent.lifecycle.holds import lift_hold, place_hold
from consent.lifecycle.link_resend import resend_link
from consent.lifecycle.narrowing import narrow_consent
from consent.lifecycle.renewals import renew_consent
from consent.lifecycle.sample_binding import register_samples
from consent.lifecycle.speaker_corrections import update_speaker
from consent.lifecycle.transitions import resume_consent, suspend_consent, withdraw_consent
from consent.representatives import add_representative, verify_representative
from consent.signing.ceremony import decline_request, sign_as_test, sign_consent
from consent.speakers import create_speaker

__all__ = [
    "ConsentRequest",
    "add_representative",
    "annotate_consent",
    "create_speaker",
    "decline_request",
    "expire_due",
    "lift_hold",
    "narrow_consent",
    "place_hold",
    "register_samples",
    "renew_consent",
    "request_consent",
    "resend_link",
    "resume_consent",
    "sign_as_test",
    "sign_consent",
    "suspend_consent",
    "update_speaker",
    "verify_representative",
    "withdraw_consent",
]
