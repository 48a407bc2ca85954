"""Routes of consent."""

from __future__ import annotations

from django.urls import path

from consent.api.views import consent_changes, consents, decisions, reason_codes, speakers

_ONE = "v1/consents/<consent:consent_id>"

urlpatterns = [
    path("v1/speakers", speakers.Speakers.as_view(), name="speakers"),
    path("v1/speakers/<speaker:speaker_id>", speakers.OneSpeaker.as_view(), name="speaker"),
    path("v1/consents", consents.Consents.as_view(), name="consents"),
    path(_ONE, consents.OneConsent.as_view(), name="consent"),
    path(f"{_ONE}/record", consents.ConsentRecord.as_view(), name="consent-record"),
    path(f"{_ONE}/receipt.json", consents.ConsentReceipt.as_view(), name="consent-receipt"),
    path(f"{_ONE}/receipt.pdf", consents.ConsentReceiptPdf.as_view(), name="consent-receipt-pdf"),
    path(f"{_ONE}/events", consents.ConsentEvents.as_view(), name="consent-events"),
    path(f"{_ONE}/renew", consents.ConsentRenewal.as_view(), name="consent-renew"),
    path(f"{_ONE}/revoke", consent_changes.ConsentRevocation.as_view(), name="consent-revoke"),
    path(f"{_ONE}/suspend", consent_changes.ConsentSuspension.as_view(), name="consent-suspend"),
    path(f"{_ONE}/resume", consent_changes.ConsentResumption.as_view(), name="consent-resume"),
    path(f"{_ONE}/narrow", consent_changes.ConsentNarrowing.as_view(), name="consent-narrow"),
    path(f"{_ONE}/resend", consent_changes.ConsentResending.as_view(), name="consent-resend"),
    path(
        "v1/test/consents/<consent:consent_id>/sign",
        consent_changes.TestSignature.as_view(),
        name="test-consent-sign",
    ),
    path("v1/reasons", reason_codes.Reasons.as_view(), name="reasons"),
    path("v1/decisions", decisions.Decisions.as_view(), name="decisions"),
    path("v1/decisions/<decision:decision_id>", decisions.OneDecision.as_view(), name="decision"),
]
