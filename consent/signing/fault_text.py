"""What the signing page says of an answer that cannot be taken yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

FAULTS: Final[Mapping[str, StrPromise]] = {
    "nothing_ticked": _("Tick at least one purpose that you agree to, or say no below."),
    "tick_unknown": _(
        "The request has changed since you opened it. Read it once more, then tick again."
    ),
    "name_missing": _("Type your full name to sign."),
    "name_mismatch": _("This is not the name in the request. Type it as it stands there: {name}"),
    "advice_missing": _("Say whether you are advised."),
    "page_changed": _("The request has changed since you opened it. Read it once more, then sign."),
    "delivery_pending": _(
        "The server that carried our letter has not confirmed it yet. Press again in a minute."
    ),
}
"""By the code of the fault. `{name}` is filled in."""
