"""Routes of consent."""

from __future__ import annotations

from django.urls import path

from consent.api import consents, decisions, reasons, speakers

urlpatterns = [
    path("v1/speakers", speakers.Speakers.as_view()),
    path("v1/speakers/<str:speaker_id>", speakers.OneSpeaker.as_view()),
    path("v1/consents", consents.Consents.as_view()),
    path("v1/consents/<str:consent_id>", consents.OneConsent.as_view()),
    path("v1/consents/<str:consent_id>/record", consents.ConsentRecord.as_view()),
    path("v1/consents/<str:consent_id>/receipt.json", consents.ConsentReceipt.as_view()),
    path("v1/consents/<str:consent_id>/receipt.pdf", consents.ConsentReceiptPdf.as_view()),
    path("v1/consents/<str:consent_id>/events", consents.ConsentEvents.as_view()),
    path("v1/consents/<str:consent_id>/revoke", consents.ConsentRevocation.as_view()),
    path("v1/consents/<str:consent_id>/suspend", consents.ConsentSuspension.as_view()),
    path("v1/consents/<str:consent_id>/resume", consents.ConsentResumption.as_view()),
    path("v1/consents/<str:consent_id>/narrow", consents.ConsentNarrowing.as_view()),
    path("v1/consents/<str:consent_id>/renew", consents.ConsentRenewal.as_view()),
    path("v1/consents/<str:consent_id>/resend", consents.ConsentResending.as_view()),
    path("v1/test/consents/<str:consent_id>/sign", consents.TestSignature.as_view()),
    path("v1/reasons", reasons.Reasons.as_view()),
    path("v1/decisions", decisions.Decisions.as_view()),
    path("v1/decisions/<str:decision_id>", decisions.OneDecision.as_view()),
]
