"""Where background tasks are: the modules that workers load."""

from __future__ import annotations

from typing import Final

TASK_MODULES: Final = (
    "accounts.tasks",
    "consent.tasks",
    "erasure.tasks",
    "provenance.exports.tasks",
    "provenance.tasks",
    "transparency_log.attestation.tasks",
    "transparency_log.tasks",
    "vault.tasks",
    "voices.speech.tasks",
    "voices.tasks",
)
