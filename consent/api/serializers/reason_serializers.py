"""Codes of the reasons that a change of a consent may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from consent.policy import change_reasons
from consent.policy.change_reasons import Act, Party, ReasonCode
from consent.policy.state_machine import MOVES, REVOKED
from core.api.fields import ConstantField
from core.api.pagination import make_list_serializer
from core.api.serializers import OutputSerializer


class ReasonCodeSerializer(OutputSerializer[ReasonCode]):
    """A code that `reason` may be.

    `by` says who wanted the act, `leads_to` how a consent reads that it ended.
    """

    object = ConstantField("reason")
    code = serializers.CharField(source="name")
    detail = serializers.CharField(source="meaning")
    applies_to = serializers.ListField(
        child=serializers.ChoiceField(choices=[str(act) for act in Act])
    )
    by = serializers.ChoiceField(choices=[str(party) for party in Party], allow_null=True)
    leads_to = serializers.ChoiceField(choices=sorted(REVOKED), allow_null=True)

    def compute_fields(self, row: ReasonCode) -> Mapping[str, Any]:
        """Return where the code applies, who ends a consent with it, and the state that it then
        has.
        """
        ends = Act.REVOKE in row.acts or Act.ERASE in row.acts
        return {
            "applies_to": [act for act in Act if act in row.acts],
            "by": row.party if ends else None,
            "leads_to": MOVES[change_reasons.ENDING_MOVE[row.party]].target if ends else None,
        }


ReasonCodeList = make_list_serializer(ReasonCodeSerializer, "All codes, in one page.")
