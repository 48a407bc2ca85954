"""Checks of reference samples and their speaker.

They are indicators that refuse or ask for review, and never approve.
"""

from voices.sample_checks.clone_likeness import judge_likeness, measure_likeness
from voices.sample_checks.sample_check import (
    PERHAPS_SEVERAL_BELOW,
    build_unreadable_fault,
    examine_samples,
)
from voices.sample_checks.sample_report import SampleReport

__all__ = [
    "PERHAPS_SEVERAL_BELOW",
    "SampleReport",
    "build_unreadable_fault",
    "examine_samples",
    "judge_likeness",
    "measure_likeness",
]
