"""What a caller can do about a code: one sentence for each that a caller can act on."""

from __future__ import annotations

from typing import Final

from consent.policy.reasons import GATE_REASONS

REMEDIES: Final = {
    "comparison_off": (
        "Ask the owner to switch `compare_voices` on, or ask with the notice `voice-cloning`."
    ),
    "malformed": "Send one JSON document in UTF-8, with every key once.",
    "key_expired": "Make a new key, or use the newer of the two secrets.",
    "unauthenticated": "Send the header `Authorization: Bearer` with your API key.",
    "clip_withdrawn": "Stop using the clip. Speak the text again under a consent that is in force.",
    "consent_denied": "Read `reasons`: each says what was needed and what was granted.",
    "key_ended": "Use a key that is in force and has the scope that the call needs.",
    "kind_refused": "Ask another person. There is no way around this rule.",
    "live_key_needed": "Make the call with a live key.",
    "role_missing": (
        "Ask an owner of your organisation for the role, or have a member with the role do it."
    ),
    "scope_missing": "Make a key that has the scope which the answer names.",
    "suspended_by_speaker": "Ask the person. Only they can resume it.",
    "test_key_needed": "Make the call with a test key.",
    "clip_erased": "Delete your copies. The clip does not come back.",
    "link_unknown": "Open the link exactly as it was sent, or ask for a new one.",
    "not_found": "Check the id, and that the key belongs to the same organisation and mode.",
    "method_not_allowed": "Use one of the methods that the header `Allow` names.",
    "too_slow": "Send the body again over a faster connection, or in smaller parts.",
    "conflict": "Read the thing again and decide by its state.",
    "consent_superseded": "Use the newer consent that the answer names.",
    "consent_wrong_state": "Read the consent again: its `state` says what can still be done.",
    "contact_missing": "Set the contact with `PATCH /v1/organisation`, then ask again.",
    "correction_needed": "Send a correction with a reason instead of a plain change.",
    "delivery_not_by_us": "Hand the link over yourself, or make a new request that we deliver.",
    "export_not_ready": "Read the export until its state is `ready`, or ask for a new one.",
    "first_call_unfinished": "Wait a little, then send the same call again.",
    "job_unfinished": "Read the job until it is finished, or cancel it.",
    "idempotency_forgotten": "Make a new call with a new key.",
    "idempotency_running": "Wait until the first call is done, then send the same call again.",
    "idempotency_secret": "Use the secret of the first answer, or make a new one with a new key.",
    "link_ended": "Ask the organisation for a new link.",
    "speaker_erased": "Delete what you still hold of this person.",
    "voice_ending": "Use another voice, or clone a new one under a consent that is in force.",
    "too_large": "Send less. The answer names the limit.",
    "address_too_long": "Send the long value in the body of the call that the answer names.",
    "range_behind_end": "Ask for a part that ends before the `size` of the answer.",
    "ssml_unsupported": "Send the words without markup. Set pace and pitch by `prosody`.",
    "voice_in_text": "Send each voice's words in a call of their own.",
    "unsupported_media_type": "Send the content type that the documentation names for this call.",
    "content_encoding_unsupported": "Send the body as it is, without `Content-Encoding`.",
    "address_missing": "Give the person an address of the kind that the channel needs.",
    "assurance_unavailable": (
        "Ask for a lower level, or set up a way of signing that reaches this one."
    ),
    "audio_unreadable": "Save the recording as WAV or FLAC and send it again.",
    "channel_unknown": "Use one of the channels that the answer lists.",
    "delivery_pending": "Wait a minute, then sign again.",
    "disclosure_required": "Ask for the disclosure that the answer names.",
    "disclosure_unavailable": (
        "Use a language that has a disclosure, or send a sentence of your own."
    ),
    "idempotency_key_invalid": "Send a random UUID as `Idempotency-Key`.",
    "idempotency_unbound": "Leave the header out. The call makes nothing and can be repeated.",
    "idempotency_mismatch": "Use a new key for a new body.",
    "invalid": "Read `errors`: each names a field and what is wrong with it.",
    "invalid_duration": "Write the duration as in `P1Y`, `P6M` or `P30D`.",
    "language_required": "Name the language, or give the key a default.",
    "language_unsupported": (
        "Use a language that the engine speaks, or a voice of another provider."
    ),
    "not_narrower": "Renew the consent: the person signs the wider one.",
    "out_of_range": "Use a value within the bounds that the answer names.",
    "provider_address_refused": "Correct the address of the provider's account.",
    "provider_account_closed": (
        "Correct the account, then have it checked with `POST /v1/provider_accounts/{id}/canary`."
    ),
    "provider_account_unchecked": (
        "Wait until its check is over, or have it checked with "
        "`POST /v1/provider_accounts/{id}/canary`."
    ),
    "canary_running": "Wait until the check is over.",
    "provider_account_exists": "Change the account that is there, or remove it first.",
    "provider_account_in_use": (
        "Delete the voices of this provider, wait until they are gone, then remove it."
    ),
    "provider_not_connected": "Connect an account with `POST /v1/provider_accounts`.",
    "websocket_not_offered": "Use the provider's HTTP routes, which are gated.",
    "voice_unfinished": "Ask for the voice again after a while.",
    "provider_answer_refused": (
        "Look at the voice at the provider, and have the account checked. Another text may help."
    ),
    "wrong_voice": (
        "Look at the voice at the provider, and have the account checked. Make the voice again if "
        "it was changed there."
    ),
    "samples_gone": "Clone the voice from new recordings of the person.",
    "source_not_ready": "Ask again when the voice is ready.",
    "same_provider": "Name another provider that the consent covers.",
    "preset_voices_only": "Clone at an engine that takes recordings.",
    "provider_statement_missing": (
        "Have the person speak the provider's sentence, and send it to "
        "`POST /v1/consents/{id}/statements`."
    ),
    "recording_missing": "Send a recording, then have the voice built.",
    "statements_full": "Delete a statement that no clone needs any more.",
    "provider_refused": "Change the request as the detail says.",
    "provider_unknown": "Use a provider that is connected to your organisation.",
    "sample_unreachable": "Send the recording itself, or an address that is public and answers.",
    "voice_disagrees": "Name the voice in the address alone.",
    "clip_link_expired": "Ask for the clip again, or fetch it by its id with your key.",
    "sample_clipped": "Record it again from further away or at a lower level.",
    "sample_duplicate": "Send each recording once.",
    "sample_review_needed": "Have a member listen to the recording and decide.",
    "sample_several_speakers": "Record the person alone.",
    "sample_silent": "Check the microphone and record again.",
    "sample_speaker_mismatch": "Send recordings of the person who signed, and of no one else.",
    "sample_synthetic": "Record the person's natural voice.",
    "sample_too_long": "Cut the recording to less than five minutes.",
    "sample_too_short": "Record more speech.",
    "sample_too_quiet": "Record it again, closer to the microphone or at a higher level.",
    "sample_unreadable": "Save the recording as WAV or FLAC and send it again.",
    "sample_watermarked": "Record the person's natural voice.",
    "territory_unknown": "Use one of the codes that the answer or `GET /v1/territories` lists.",
    "text_too_short": "Send a longer text, or have the owner let short lines leave unmarked.",
    "text_not_speakable": "Send a text with words in it.",
    "unsupported_field": "Leave the field out, or use an engine that honours it.",
    "use_case_required": "Name the use case, or give the key a default.",
    "rate_limited": "Wait as long as the header `Retry-After` says.",
    "internal": (
        "Send the same call again with the same `Idempotency-Key`, and tell us the `request_id`."
    ),
    "delivery_unavailable": (
        "Set up mail or messages, or ask for `delivery` by the channel `controller`."
    ),
    "provider_account_refused": (
        "Look at the account at the provider: its key, its rights and its credit."
    ),
    "copy_unfindable": (
        "Look for the voice by its id in the provider's own console, remove it there, and say so."
    ),
    "earlier_copy_uncertain": "Delete the voice here, and make a new one.",
    "deletion_unconfirmed": (
        "Wait. Where the engine has no call for it, have its operator remove the voice."
    ),
    "provider_unavailable": (
        "Wait a little, then send the same call again with the same `Idempotency-Key`."
    ),
    "unavailable": "Wait as long as the header `Retry-After` says, then send the same call again.",
    **{row.code: row.remedy for row in GATE_REASONS.values()},
    # Faults of fields.
    "required": "Send the field.",
    "null": "Send a value, or leave the field out.",
    "blank": "Send a text.",
    "invalid_choice": "Use one of the values that the detail lists.",
    "not_a_list": "Send a JSON array.",
    "not_a_dict": "Send a JSON object.",
    "empty": "Send at least one.",
    "max_length": "Send less. The detail names the limit.",
    "too_short": "Write more words.",
    "control_characters": "Remove the control characters.",
    "invisible_characters": "Remove line breaks and the marks that turn the direction of writing.",
    "unknown_field": "Remove the field, or correct its spelling.",
    "duplicate": "Send each value once.",
    "invalid_base64": "Encode the bytes with base64.",
    "action_unknown": "Use one of the acts that the detail lists.",
    "label_unknown": "Use one of the labels that the detail lists.",
    "exclusion_unknown": (
        "Use one of the nearest codes that the detail names, or one of `GET /v1/labels`."
    ),
    "notice_unknown": "Use one of the notices that the detail lists.",
    "locale_unknown": "Use one of the languages that the detail lists.",
    "consent_required": "Name the consent in the header `Sayso-Consent`, or as a tag.",
    "contact_invalid": "Send an e-mail address, an https address or a postal address, in one line.",
    "vague": "Write the words more narrowly.",
    "language_covers_less": "Check that the tag covers what you need.",
    "language_covers_more": "Name the languages one by one where you need less.",
    "assurance_lowered": (
        "Let a channel of ours carry the link, or have the import of a consent approved."
    ),
    "never_usable": "Ask for a level that the use needs, or leave the grant out.",
    "unlimited": "Name the channels and territories that you need, or `*` to say that it is meant.",
    "renewal_open": "End the open request with `revoke`, then renew again.",
    "url_invalid": (
        "Write it as `https://host/path`, the host in ASCII, without user, query or fragment."
    ),
    "scheme_not_allowed": "Use the provider's https address.",
    "address_not_allowed": (
        "Use the provider's public host. An engine of your own is connected as self-hosted."
    ),
    "host_not_listed": "Ask the operator to name it in `SAYSO_ENGINE_HOSTS`.",
    "term_ambiguous": "Send `valid_until` or `duration`, not both.",
    "term_empty": "Send an end that lies in the future.",
    "term_too_long": "Ask for a shorter term.",
}
