"""Acts: what a call may do with a voice. Pure."""

from __future__ import annotations

from typing import Final

ACTIONS: Final = frozenset({"clone", "synthesize", "train", "sublicense", "verify_speaker"})

UNPUBLISHED: Final = frozenset({"clone", "verify_speaker"})
"""Acts that publish nothing.

Of language, use case, channel and territory only those that the call names are judged.
"""
