"""Where the public face of the log is mounted."""

from __future__ import annotations

from django.urls import path

from transparency_log.api import views

urlpatterns = [
    path("log/<str:organisation_id>/checkpoint", views.show_checkpoint),
    path("log/<str:organisation_id>/checkpoint/<int:size>", views.show_checkpoint_at),
    path("log/<str:organisation_id>/checkpoint/<int:size>/signed", views.show_signed_note),
    path("log/<str:organisation_id>/witnessed", views.show_witnessed_checkpoint),
    path("log/<str:organisation_id>/stamps", views.list_stamps),
    path("log/<str:organisation_id>/stamps/<int:size>", views.show_stamp),
    path("log/<str:organisation_id>/key", views.show_verifier_keys),
    path("log/<str:organisation_id>/keys.json", views.show_key_set),
    path("log/<str:organisation_id>/keys", views.list_keys),
    path("log/<str:organisation_id>/tile/entries/<path:number>", views.show_entry_bundle),
    path("log/<str:organisation_id>/tile/<str:level>/<path:number>", views.show_tile),
]
