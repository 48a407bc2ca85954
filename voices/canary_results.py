"""What the canaries of an account have measured, for those who judge what it speaks."""

from __future__ import annotations

from voices.models import CanaryState, ProviderCanary


def get_speaker_threshold(account_id: str, language: str) -> float | None:
    """Return the cosine below which an account's speech is not that of the voice asked for.

    It is measured with the service's own voices. A `language` that the canary did not hear has the
    lowest of its others. None where no canary has passed and measured one.
    """
    runs = ProviderCanary.objects.filter(account_id=account_id, state=CanaryState.PASSED)
    measured = runs.exclude(thresholds={}).order_by("-started_at", "-id")
    thresholds = measured.values_list("thresholds", flat=True).first()
    if not thresholds:
        return None

    primary = language.partition("-")[0].lower()
    return float(thresholds.get(primary, min(thresholds.values()))) / 1000
