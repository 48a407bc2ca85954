"""Checks of reference samples and of the speaker in them: indicators that refuse or ask for review,
never approve.
"""

from voices.sample_checks.sample_check import build_unreadable_fault, examine_samples
from voices.sample_checks.sample_report import SampleReport

__all__ = ["SampleReport", "build_unreadable_fault", "examine_samples"]
