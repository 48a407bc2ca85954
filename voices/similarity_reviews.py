"""Reviews of two voices that sound similar."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from core import transactions
from core.errors import Conflict, Invalid, NotFound
from voices.models import ReviewOutcome, ReviewState, VoiceReview


class ReviewSettled(Conflict):
    """This review is settled already."""

    code = "review_settled"


def list_reviews(organisation_id: str) -> QuerySet[VoiceReview]:
    """Return the reviews of an organisation."""
    return VoiceReview.objects.filter(voice__organisation_id=organisation_id)


@transactions.opens_transaction
def settle_review(
    review_id: int, *, organisation_id: str, outcome: str, actor: str, at: datetime
) -> VoiceReview:
    """Store what a person found. This changes neither voice.

    Raises NotFound, Invalid, ReviewSettled.
    """
    if outcome not in ReviewOutcome.values:
        raise Invalid(f"The outcome must be one of: {', '.join(ReviewOutcome.values)}.")

    mine = list_reviews(organisation_id).filter(pk=review_id)
    if not mine.exists():
        raise NotFound("There is no such review.")

    still_open = VoiceReview.objects.filter(pk=review_id, state=ReviewState.OPEN)
    if not still_open.update(
        state=ReviewState.SETTLED, outcome=outcome, settled_by=actor, settled_at=at
    ):
        raise ReviewSettled("This review has been settled.")

    return mine.get()
