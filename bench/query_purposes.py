"""What each statement of speech is for, by the function of ours that sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PURPOSES: Final[Mapping[str, str]] = {
    # Before the gate.
    "accounts/api_key_lookup.py:_find_key": "Who calls: the key, its home.",
    "accounts/rate_limits.py:count": "Count the call, if there is room. Not with Redis.",
    "voices/voice_selectors.py:get_voice": "The voice: engine, profile, consent, binding.",
    "voices/moderation/moderation_endpoints.py:find_endpoint": "Who judges what the text contains.",
    # The gate. Decision 035 says why each row is read.
    "accounts/api_key_lookup.py:_find_keys": "Whether the key may still do this.",
    "consent/decision_context.py:_load_chain": (
        "The consent with its person and its organisation's policy, and whether there are holds or "
        "other consents."
    ),
    "consent/decision_context.py:load_context": "The grants.",
    "consent/quota.py:load_usages": "What is left of their quotas.",
    "consent/quota.py:reserve_quota": "Reserve, if it fits.",
    "consent/decision_records.py:record_decision": "The decision.",
    "consent/quota.py:create_reservation": "What it reserved, to be settled once.",
    # Keys and the log.
    "vault/subject_keys.py:_get_row": "Open a person's key.",
    "vault/subject_keys.py:open_subject": "Open the organisation's key.",
    "transparency_log/storage/bulk_insert.py:_insert_values": "The log: sealed body, entry.",
    # The clip.
    "provenance/clips/clip_reservation.py:_insert_reservation": "The clip, before anything leaves.",
    "vault/blobs.py:_find_row": "The voice's profile, with the person's key.",
    "provenance/clips/shared_tokens.py:_name_sound": "Name the sound, read whose name it is.",
    "provenance/clips/shared_tokens.py:settle_token": "The token of an earlier copy.",
    "provenance/c2pa/log_reference.py:get_commitment": "Where the decision stands in the log now.",
    "provenance/c2pa/signing_authority.py:get_manifest_signer": "Who signs manifests now.",
    "voices/speech/line_padding.py:load_room_tone": "The recording whose tone a short line gets.",
    # A stream notes what may leave before it does, every few seconds of sound.
    "provenance/clips/stream_progress.py:begin_progress": "The clip, locked, and its first note.",
    "provenance/clips/stream_progress.py:note_progress": "A further note.",
    "provenance/clips/stream_progress.py:forget_progress": "No notes of a settled clip.",
    # Delivery.
    "vault/blobs.py:store_blob": "The clip's bytes, or a manifest beside them.",
    "consent/permit_validity.py:find_ended_permits": "Lock the consent, and compare.",
    "voices/voice_directory.py:list_ready": "Whether the voice is still ready.",
    "consent/quota.py:spend_reservation": "Settle the reservation, once.",
    "consent/quota.py:_move_to_used": "From reserved to used.",
    "provenance/clips/clip_lifecycle.py:issue_clip": "The clip is issued, if still in making.",
    "provenance/fingerprint/clip_fingerprints.py:order_fingerprint": "Order a long clip's print.",
    # An item of a job.
    "voices/models/job.py:beside_full_accounts": "Which accounts at providers are full.",
    "voices/speech/job_queue.py:has_work": "Whether an item of the job is free.",
    "voices/speech/job_queue.py:claim_next_item": "Whose turn it is.",
    "voices/speech/job_queue.py:claim_item": "Note the turn.",
    "core/leases.py:claim": "Find an item, claim it, read it as claimed.",
    "core/leases.py:_change": "Settle the item, if it is still ours.",
    "voices/speech/job_settlement.py:_count_items": "Count it, and end the job with its last item.",
}
