"""Acts: what a call may do with a voice. Pure."""

from __future__ import annotations

from typing import Final

ACTIONS: Final = frozenset({"clone", "synthesize", "train", "sublicense", "verify_speaker"})

NEED_PROVIDER: Final = frozenset({"clone", "synthesize"})
"""Acts that a provider carries out. No permit for one of them exists without its provider."""

UNPUBLISHED: Final = frozenset({"clone", "verify_speaker"})
"""Acts that publish nothing.

Of language, use case, channel and territory only those that the call names are judged.
"""
