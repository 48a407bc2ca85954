"""The base of TensorOne's routes."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from proxies.error_shapes import ProxyFault
from proxies.proxy_view import ProxyView, UnknownRouteView
from proxies.tensorone.errors import write_tensorone_error
from proxies.tensorone.tensorone_rules import RULES

NAME: Final = "tensorone"


class TensorOneView(ProxyView):
    """A route of TensorOne."""

    provider: ClassVar[str] = NAME
    rules = RULES

    def shape_error(self, fault: ProxyFault) -> dict[str, Any]:
        """Return the body of an error."""
        return write_tensorone_error(fault)


class TensorOneUnknownView(TensorOneView, UnknownRouteView):
    """Every other route."""
