"""Routes of consent."""

from __future__ import annotations

from django.urls import path

from consent.api.views import (
    consent_change_views,
    consent_views,
    decision_views,
    reason_views,
    speaker_views,
)

_ONE = "v1/consents/<consent:consent_id>"

urlpatterns = [
    path("v1/speakers", speaker_views.Speakers.as_view(), name="speakers"),
    path("v1/speakers/<speaker:speaker_id>", speaker_views.OneSpeaker.as_view(), name="speaker"),
    path("v1/consents", consent_views.Consents.as_view(), name="consents"),
    path(_ONE, consent_views.OneConsent.as_view(), name="consent"),
    path(f"{_ONE}/record", consent_views.ConsentRecord.as_view(), name="consent-record"),
    path(f"{_ONE}/receipt.json", consent_views.ConsentReceipt.as_view(), name="consent-receipt"),
    path(
        f"{_ONE}/receipt.pdf", consent_views.ConsentReceiptPdf.as_view(), name="consent-receipt-pdf"
    ),
    path(f"{_ONE}/events", consent_views.ConsentEvents.as_view(), name="consent-events"),
    path(f"{_ONE}/renew", consent_views.ConsentRenewal.as_view(), name="consent-renew"),
    path(f"{_ONE}/revoke", consent_change_views.ConsentRevocation.as_view(), name="consent-revoke"),
    path(
        f"{_ONE}/suspend", consent_change_views.ConsentSuspension.as_view(), name="consent-suspend"
    ),
    path(f"{_ONE}/resume", consent_change_views.ConsentResumption.as_view(), name="consent-resume"),
    path(f"{_ONE}/narrow", consent_change_views.ConsentNarrowing.as_view(), name="consent-narrow"),
    path(f"{_ONE}/resend", consent_change_views.ConsentResending.as_view(), name="consent-resend"),
    path(
        "v1/test/consents/<consent:consent_id>/sign",
        consent_change_views.TestSignature.as_view(),
        name="test-consent-sign",
    ),
    path("v1/reasons", reason_views.Reasons.as_view(), name="reasons"),
    path("v1/decisions", decision_views.Decisions.as_view(), name="decisions"),
    path(
        "v1/decisions/<decision:decision_id>", decision_views.OneDecision.as_view(), name="decision"
    ),
]
