"""The errors of consent, each with its stable code."""

from __future__ import annotations

from core.errors import Conflict, Invalid, Refused, Unavailable


class SpeakerErased(Conflict):
    """The person is being erased or has been: nothing new may be asked of them."""

    code = "speaker_erased"


class KindRefused(Invalid):
    """People of this kind cannot be asked here, such as children."""

    code = "kind_refused"


class WrongState(Conflict):
    """The consent is not in a state in which this can happen."""

    code = "consent_wrong_state"


class ConsentSuperseded(Conflict):
    """A newer consent has taken this one's place. The answer names it."""

    code = "consent_superseded"


class NotNarrower(Invalid):
    """Without a new signature a consent can only be made narrower."""

    code = "not_narrower"


class SuspendedBySpeaker(Refused):
    """The person suspended this consent, so only the person can resume it."""

    code = "suspended_by_speaker"


class ContactMissing(Conflict):
    """The organisation that asks cannot be reached: its contact must be set before live requests
    are made.
    """

    code = "contact_missing"


class AssuranceUnavailable(Invalid):
    """This level of proof cannot be reached with the ways of signing that are set up here."""

    code = "assurance_unavailable"


class DeliveryUnavailable(Unavailable):
    """No channel is set up that could bring the signing link to the person, so no person can be
    asked live.
    """

    code = "delivery_unavailable"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, retry_after=3600)


class DeliveryPending(Invalid):
    """The server that carries the link has not yet confirmed that it took it. Sign again in a
    minute.
    """

    code = "delivery_pending"


class AddressMissing(Invalid):
    """The channel wants an address of a kind that this person does not have."""

    code = "address_missing"


class NotSentByUs(Conflict):
    """The link was handed to the organisation or belongs to test data, so there is nothing that we
    could send again.
    """

    code = "delivery_not_by_us"


class CorrectionNeeded(Conflict):
    """This name, address or country stands in a signature. Changing it takes a correction with a
    reason.
    """

    code = "correction_needed"


class NotSigned(Conflict):
    """There is no record yet, because the consent is not signed."""

    code = "consent_not_signed"
