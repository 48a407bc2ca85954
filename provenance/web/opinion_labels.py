"""The sentences by which a reader chooses an opinion, one for each `Opinion`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from provenance.models import Opinion

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

LABELS: Final[Mapping[str, StrPromise]] = {
    Opinion.HELPED.value: _("It helped me"),
    Opinion.WRONG.value: _("I think that it is wrong"),
    Opinion.UNCLEAR.value: _("I do not understand it"),
    Opinion.BROKEN.value: _("Something did not work"),
}
