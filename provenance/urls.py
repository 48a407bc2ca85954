"""Where provenance is mounted."""

from __future__ import annotations

from django.urls import path

from provenance.api import exports, log, verify

urlpatterns = [
    path("v1/verify", verify.Verify.as_view()),
    path("v1/verify/batch", verify.VerifyBatch.as_view()),
    path("v1/exports", exports.Exports.as_view()),
    path("v1/exports/<str:export_id>", exports.OneExport.as_view()),
    path("v1/exports/<str:export_id>/download", exports.ExportDownload.as_view()),
    path("log/<str:organisation_id>/checkpoint", log.checkpoint),
    path("log/<str:organisation_id>/key", log.key),
    path("log/<str:organisation_id>/keys.json", log.keys),
    path("log/<str:organisation_id>/tile/entries/<path:number>", log.bundle),
    path("log/<str:organisation_id>/tile/<str:level>/<path:number>", log.tile),
]
