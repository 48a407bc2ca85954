"""The base of all proxy routes: the provider's error body, and statuses that no SDK repeats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, NoReturn

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import streaming_response
from core.errors import NotFound, Refused
from proxies.error_shapes import ProxyFault, build_proxy_fault
from proxies.route_rules import NOT_HERE, RouteRules

CONFLICT_STATUS: Final = 422
FAILED_CLONE_STATUS: Final = 424
"""Of a clone that failed at the provider. SDKs repeat 409 and 5xx, which would clone twice."""


class RouteRefused(NotFound):
    """The provider has this route, and no call through it can be gated. The detail says why."""

    code = "route_not_offered"


class WebSocketRefused(Refused):
    """A stream over WebSocket. No call of it is gated yet."""

    code = "websocket_not_offered"


class ProxyView(APIView):
    """A route of a provider's API.

    A subclass sets `provider` and `rules`, and writes `shape_error`. `repeats_harm` means that an
    SDK must not send the call again, because it would make something twice.
    """

    provider: ClassVar[str]
    rules: ClassVar[RouteRules]
    repeats_harm: ClassVar[bool] = False

    # The document is that of our own API. The provider's is the provider's.
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Tell the edge how an error of a stream is written, then check as usual.

        Raises WebSocketRefused for an upgrade, whatever the route: a client of one shows no body
        of a 404.
        """
        if (slot := streaming_response.slot.get()) is not None:
            slot.write_error = self.write_error
        super().initial(request, *args, **kwargs)
        if request.headers.get("Upgrade", "").strip().lower() == "websocket":
            raise WebSocketRefused("No WebSocket is gated here. Use the provider's HTTP routes.")

    def http_method_not_allowed(self, request: HttpRequest, *_: Any, **__: Any) -> NoReturn:
        """Refuse a method of the provider's that is not taken here, with the reason."""
        # Behind `/proxy/<name>/`.
        path = request.path_info.split("/", 3)[-1]
        raise RouteRefused(self.rules.find_reason(path) or NOT_HERE)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer an error in the provider's shape."""
        response = super().handle_exception(exc)
        if not isinstance(response.data, Mapping):
            return response

        status, body = self.write_error(response.status_code, response.data)
        response.status_code, response.data = status, body
        response.content_type = "application/json"
        return response

    def write_error(self, status: int, problem: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return status and body of an error. `problem` is our own document of it."""
        told = self.choose_status(status)
        return told, self.shape_error(build_proxy_fault(told, problem))

    def shape_error(self, fault: ProxyFault) -> dict[str, Any]:
        """Return the body of an error as the provider writes it."""
        raise NotImplementedError

    def choose_status(self, status: int) -> int:
        """Return a status with which no SDK repeats what must not be repeated."""
        if status == 409:
            return CONFLICT_STATUS
        if self.repeats_harm and status >= 500:
            return FAILED_CLONE_STATUS

        return status


class UnknownRouteView(ProxyView):
    """What is no route here, or is refused on purpose, whatever the method."""

    scope = "speech"
    body_limit = settings.SAYSO_MAX_JSON_BYTES

    def answer(self, request: Request, **_path: str) -> NoReturn:
        """Refuse, with the reason."""
        self.http_method_not_allowed(request)

    get = post = put = patch = delete = answer
