"""Problem documents for the errors of plain views, on the paths that programs call."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed

from config import problems
from core.errors import SaysoError

GetResponse = Callable[[HttpRequest], HttpResponse]


class ProblemMiddleware:
    """Answers with a problem document what a plain view refuses, raises or does not take."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request. On the paths of programs every refusal is a problem document."""
        if not problems.is_for_programs(request):
            return self.get_response(request)

        # A path can spell it, but no id of ours has it, and one of the databases fails on it.
        if "\0" in request.path:
            return problems.answer_not_found(request, Http404())

        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            return problems.answer_wrong_method(response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn an anticipated error of a plain view into a problem document."""
        if isinstance(exception, SaysoError) and problems.is_for_programs(request):
            return problems.answer_error(exception)
        return None
