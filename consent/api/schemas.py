"""The answers of consent as schemas, for the OpenAPI document alone."""

from __future__ import annotations

from rest_framework import serializers

from consent.models import Consent, Decision, Grant, Speaker
from consent.policy.change_reasons import Act, Party
from consent.policy.state_machine import REVOKED, ConsentState

REASON_CODES = (
    "no_consent", "consent_not_signed", "consent_suspended", "consent_revoked", "consent_expired",
    "consent_not_yet_valid", "assurance_too_low", "action_not_covered", "use_case_not_covered",
    "use_case_unknown", "language_not_covered", "language_unknown", "channel_not_covered",
    "territory_not_covered", "content_excluded", "quota_exceeded", "sample_not_covered",
    "voice_not_ready", "representative_missing", "hold", "internal_doubt",
)  # fmt: skip


class RefusalReason(serializers.Serializer[None]):
    """One thing that speaks against: a stable code, a sentence, and what was needed beside what was
    granted.
    """

    code = serializers.ChoiceField(choices=REASON_CODES)
    detail = serializers.CharField()
    consent = serializers.CharField(allow_null=True)
    # Any value, so null as well. `allow_null` would say "any, or null", and null is both.
    required = serializers.JSONField()  # type: ignore[assignment]  # the framework has this name
    granted = serializers.ListField(child=serializers.JSONField())


class SpeakerObject(serializers.Serializer[Speaker]):
    """A speaker, for the OpenAPI document."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=("speaker",))
    created_at = serializers.DateTimeField()
    livemode = serializers.BooleanField()
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    kind = serializers.ChoiceField(choices=Speaker.Kind.choices)
    state = serializers.ChoiceField(choices=Speaker.State.choices)
    name = serializers.CharField(allow_null=True)
    email = serializers.CharField(allow_null=True)
    country = serializers.CharField(allow_null=True)
    locale = serializers.CharField(allow_null=True)
    phone = serializers.CharField(allow_null=True)
    erased_at = serializers.DateTimeField(allow_null=True)


class QuotaObject(serializers.Serializer[Grant]):
    """How much may be made; what is not there is not limited."""

    characters = serializers.IntegerField(required=False)
    seconds = serializers.IntegerField(required=False)
    clips = serializers.IntegerField(required=False)
    period = serializers.ChoiceField(choices=("P1D", "P1W", "P1M", "P1Y"), required=False)


class GrantObject(serializers.Serializer[Grant]):
    """A grant, for the OpenAPI document."""

    id = serializers.CharField()
    state = serializers.ChoiceField(choices=("active", "declined", "removed"))
    use_case = serializers.CharField()
    intended_uses = serializers.CharField(allow_null=True)
    intended_uses_sha256 = serializers.CharField()
    actions = serializers.ListField(child=serializers.CharField())
    languages = serializers.ListField(child=serializers.CharField())
    channels = serializers.ListField(child=serializers.CharField())
    territories = serializers.ListField(child=serializers.CharField())
    exclusions = serializers.ListField(child=serializers.CharField())
    sensitive_content = serializers.ListField(child=serializers.CharField())
    quota = QuotaObject()
    min_disclosure = serializers.CharField()
    on_death = serializers.CharField()
    signed = serializers.DictField(allow_null=True)


class NoticeObject(serializers.Serializer[Consent]):
    """What the person was told: the notice, its version, and the hash of its text."""

    key = serializers.CharField()
    version = serializers.IntegerField()
    locale = serializers.CharField()
    sha256 = serializers.CharField()


class RepresentationObject(serializers.Serializer[Consent]):
    """By whom the person was advised."""

    kind = serializers.CharField()
    name = serializers.CharField(required=False, allow_null=True)
    agreement = serializers.CharField(required=False, allow_null=True)


class WarningObject(serializers.Serializer[Consent]):
    """Something that should be worded better before the person sees it."""

    code = serializers.CharField()
    attr = serializers.CharField(allow_null=True)
    detail = serializers.CharField()


class DeliveryObject(serializers.Serializer[Consent]):
    """How the signing link leaves: by a channel of ours, in a test answer, or in the asker's own
    hands.
    """

    channel = serializers.ChoiceField(choices=("mail", "message", "controller", "test"))
    masked_address = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=("queued", "sent", "failed"))
    code = serializers.CharField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)


class ConsentObject(serializers.Serializer[Consent]):
    """A consent, for the OpenAPI document."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=("consent",))
    created_at = serializers.DateTimeField()
    livemode = serializers.BooleanField()
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    speaker = serializers.CharField()
    notice = NoticeObject()
    jurisdictions = serializers.ListField(child=serializers.CharField())
    representation = RepresentationObject()
    state = serializers.ChoiceField(choices=[str(state) for state in ConsentState])
    assurance = serializers.ChoiceField(choices=("L0", "L1", "L2", "L3"))
    method = serializers.CharField(allow_null=True)
    delivery = DeliveryObject(allow_null=True)
    valid_from = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)
    duration = serializers.CharField(allow_null=True)
    grants = GrantObject(many=True)
    signing_expires_at = serializers.DateTimeField()
    signed_at = serializers.DateTimeField(allow_null=True)
    record_sha256 = serializers.CharField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    supersedes = serializers.CharField(allow_null=True)
    warnings = WarningObject(many=True)


class GivenWords(serializers.Serializer[None]):
    """The caller's own words where they were written in another way; `?` for one that has not the
    shape of a code.
    """

    language = serializers.CharField(required=False)
    use_case = serializers.CharField(required=False)
    channel = serializers.CharField(required=False)
    territory = serializers.CharField(required=False)
    labels = serializers.ListField(child=serializers.CharField(), required=False)


class AskObject(serializers.Serializer[None]):
    """What was asked, in canonical words: null for a language or use case that is not known,
    `unsure` for a label.
    """

    action = serializers.CharField()
    language = serializers.CharField(allow_null=True)
    use_case = serializers.CharField(allow_null=True)
    channel = serializers.CharField(allow_null=True)
    territory = serializers.CharField(allow_null=True)
    characters = serializers.IntegerField()
    labels = serializers.ListField(child=serializers.CharField())
    samples = serializers.ListField(child=serializers.CharField())
    assurance_floor = serializers.IntegerField(required=False)
    given = GivenWords(required=False)


class RequestedConsent(ConsentObject):
    """A request that was just made. `signing_url` is there for test data and for level L0 alone."""

    signing_url = serializers.CharField(required=False)


class DecisionObject(serializers.Serializer[Decision]):
    """A decision, for the OpenAPI document."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=("decision",))
    created_at = serializers.DateTimeField()
    livemode = serializers.BooleanField()
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField(child=serializers.CharField())
    allowed = serializers.BooleanField()
    reasons = RefusalReason(many=True)
    consent = serializers.CharField(allow_null=True)
    grant = serializers.CharField(allow_null=True)
    voice = serializers.CharField(allow_null=True)
    ask = AskObject()
    preview = serializers.BooleanField()
    policy_version = serializers.CharField()
    expires_at = serializers.DateTimeField()


class RecordObject(serializers.Serializer[None]):
    """A signed record, for the OpenAPI document."""

    object = serializers.ChoiceField(choices=("consent_record",))
    consent = serializers.CharField()
    record = serializers.CharField()
    jws = serializers.CharField()
    sha256 = serializers.CharField()
    public_key = serializers.CharField()
    key_id = serializers.CharField()


class ReasonCodeObject(serializers.Serializer[None]):
    """A code that `reason` may be.

    `by` says who wanted the act, `leads_to` how a consent reads that it ended.
    """

    object = serializers.ChoiceField(choices=("reason",))
    code = serializers.CharField()
    detail = serializers.CharField()
    applies_to = serializers.ListField(
        child=serializers.ChoiceField(choices=[str(act) for act in Act])
    )
    by = serializers.ChoiceField(choices=[str(party) for party in Party], allow_null=True)
    leads_to = serializers.ChoiceField(choices=sorted(REVOKED), allow_null=True)


class _Page(serializers.Serializer[None]):
    object = serializers.ChoiceField(choices=("list",))
    has_more = serializers.BooleanField()
    first_id = serializers.CharField(allow_null=True)
    last_id = serializers.CharField(allow_null=True)


class ReasonCodeList(_Page):
    """All codes, in one page."""

    data = ReasonCodeObject(many=True)  # type: ignore[assignment]  # the framework's own attribute has this name too


class SpeakerList(_Page):
    """A page of speakers."""

    data = SpeakerObject(many=True)  # type: ignore[assignment]  # the framework's own attribute has this name too


class ConsentList(_Page):
    """A page of consents."""

    data = ConsentObject(many=True)  # type: ignore[assignment]  # as above


class EventObject(serializers.Serializer[None]):
    """An event of the log; `body` is null once the key that opens it is gone."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=("event",))
    type = serializers.CharField()
    created_at = serializers.DateTimeField()
    livemode = serializers.BooleanField()
    log_index = serializers.IntegerField(allow_null=True)
    refs = serializers.DictField(child=serializers.CharField())
    by = serializers.ChoiceField(choices=[str(party) for party in Party], allow_null=True)
    body = serializers.DictField(allow_null=True)


class EventList(_Page):
    """All events of a consent, oldest first."""

    data = EventObject(many=True)  # type: ignore[assignment]  # as above


class ScopeInWords(serializers.Serializer[Grant]):
    """A grant in sentences."""

    grant = serializers.CharField()
    sentences = serializers.ListField(child=serializers.CharField())


class CorrectionObject(serializers.Serializer[None]):
    """A correction since the signature: what was changed, from what to what."""

    corrected_at = serializers.DateTimeField()
    before = serializers.DictField(child=serializers.CharField(allow_null=True))
    after = serializers.DictField(child=serializers.CharField(allow_null=True))


class SignedPerson(serializers.Serializer[None]):
    """The name under which was signed, null after an erasure; corrections stand beside it."""

    signed_name = serializers.CharField(allow_null=True)
    corrections = CorrectionObject(many=True)


class ReceiptObject(serializers.Serializer[None]):
    """The person's copy of a record."""

    schema_version = serializers.CharField()
    profile = serializers.URLField()
    receipt_id = serializers.CharField()
    object = serializers.ChoiceField(choices=("consent_receipt",))
    issued_at = serializers.DateTimeField()
    livemode = serializers.BooleanField()
    state = serializers.CharField()
    record = serializers.DictField()
    person = SignedPerson()
    record_sha256 = serializers.CharField()
    jws = serializers.CharField()
    scope_in_words = ScopeInWords(many=True)
