"""Where the public face of the log is mounted."""

from __future__ import annotations

from django.urls import path

from transparency_log.api import views

urlpatterns = [
    path(
        "log/<organisation:organisation_id>/checkpoint",
        views.show_checkpoint,
        name="log-checkpoint",
    ),
    path(
        "log/<organisation:organisation_id>/checkpoint/<int:size>",
        views.show_checkpoint_at,
        name="log-checkpoint-at",
    ),
    path(
        "log/<organisation:organisation_id>/checkpoint/<int:size>/signed",
        views.show_signed_note,
        name="log-signed-note",
    ),
    path(
        "log/<organisation:organisation_id>/witnessed",
        views.show_witnessed_checkpoint,
        name="log-witnessed",
    ),
    path("log/<organisation:organisation_id>/stamps", views.show_stamps, name="log-stamps"),
    path(
        "log/<organisation:organisation_id>/stamps/<int:size>", views.show_stamp, name="log-stamp"
    ),
    path(
        "log/<organisation:organisation_id>/key", views.show_verifier_keys, name="log-verifier-keys"
    ),
    path("log/<organisation:organisation_id>/keys.json", views.show_key_set, name="log-key-set"),
    path("log/<organisation:organisation_id>/keys", views.show_keys, name="log-keys"),
    path(
        "log/<organisation:organisation_id>/tile/entries/<path:number>",
        views.show_entry_bundle,
        name="log-entry-bundle",
    ),
    path(
        "log/<organisation:organisation_id>/tile/<str:level>/<path:number>",
        views.show_tile,
        name="log-tile",
    ),
]
