"""Checks of reference samples and of the speaker in them: indicators that refuse or ask for review, never approve."""

from voices.sampling.examining import examine, unreadable
from voices.sampling.report import Report

__all__ = ["Report", "examine", "unreadable"]
