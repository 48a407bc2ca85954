"""Where provenance is mounted."""

from __future__ import annotations

from django.urls import path

from provenance.api import binding, exports, log, verify

urlpatterns = [
    path("c2pa/root.pem", binding.root),
    path("c2pa/matches/byBinding", binding.ByBinding.as_view()),
    path("c2pa/matches/byContent", binding.ByContent.as_view()),
    path("c2pa/manifests/<str:manifestId>", binding.Manifest.as_view()),
    path("c2pa/services/supportedAlgorithms", binding.SupportedAlgorithms.as_view()),
    path("v1/verify", verify.Verify.as_view()),
    path("v1/verify/batch", verify.VerifyBatch.as_view()),
    path("v1/exports", exports.Exports.as_view()),
    path("v1/exports/<str:export_id>", exports.OneExport.as_view()),
    path("v1/exports/<str:export_id>/download", exports.ExportDownload.as_view()),
    path("log/<str:organisation_id>/checkpoint", log.checkpoint),
    path("log/<str:organisation_id>/checkpoint/<int:size>", log.checkpoint_at),
    path("log/<str:organisation_id>/checkpoint/<int:size>/signed", log.signed_note),
    path("log/<str:organisation_id>/witnessed", log.witnessed),
    path("log/<str:organisation_id>/stamps", log.stamps),
    path("log/<str:organisation_id>/stamps/<int:size>", log.stamp),
    path("log/<str:organisation_id>/key", log.key),
    path("log/<str:organisation_id>/keys.json", log.key_set),
    path("log/<str:organisation_id>/keys", log.keys),
    path("log/<str:organisation_id>/tile/entries/<path:number>", log.bundle),
    path("log/<str:organisation_id>/tile/<str:level>/<path:number>", log.tile),
]
