"""Addresses of admin lists: no look-up reads what the page does not show, and none stops the
process.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import reverse

from accounts.admin_base import ReadOnlyAdmin
from accounts.models import Member, Role
from config import urls
from consent.models import Speaker
from tests.fixtures.consents import MakeSpeaker
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import MakeMember
from tests.support import databases

pytestmark = [pytest.mark.django_db, pytest.mark.once(databases.POSTGRESQL)]
LOOKUPS = (
    "", "__exact", "__iexact", "__contains", "__icontains", "__startswith", "__istartswith",
    "__endswith", "__iendswith", "__regex", "__iregex", "__in", "__gt", "__gte", "__lt", "__lte",
    "__range", "__isnull", "__date", "__year", "__length", "__0", "__has_key",
)  # fmt: skip


def pages() -> list[tuple[type[Model], Any]]:
    assert urls.urlpatterns, "the doors of libraries are shut when the addresses are read"
    return list(admin.site._registry.items())


def listed(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def names(model: type[Model], *, deep: bool = True) -> Iterator[str]:
    """Every field, and every field of every related model, from either end."""
    for field in model._meta.get_fields():
        yield field.name
        related: Any = getattr(field, "related_model", None)
        if deep and isinstance(related, type):
            yield from (f"{field.name}__{name}" for name in names(related, deep=False))


class TestEveryList:
    def test_is_one_of_ours(self) -> None:
        assert [model for model, page in pages() if not isinstance(page, ReadOnlyAdmin)] == []

    def test_refuses_every_field_and_look_up_that_it_does_not_show_as_a_filter(self) -> None:
        tried = 0
        for model, page in pages():
            shown = {str(name) for name in page.list_filter} | {page.date_hierarchy}
            for name in names(model):
                for lookup in LOOKUPS:
                    tried += 1
                    allowed = page.lookup_allowed(f"{name}{lookup}", "x")
                    assert not allowed or name in shown, f"{model.__name__}: {name}{lookup}"
        assert tried > 5_000

    def test_answers_such_an_address_as_a_mistake(self, make_member: MakeMember) -> None:
        client = logged_in(make_member(role=Role.AUDITOR))

        for model, page in pages():
            for name in (field.name for field in model._meta.concrete_fields):
                if name in page.list_filter or name == page.date_hierarchy:
                    continue
                for lookup in ("", "__startswith", "__regex"):
                    answer = client.get(listed(model), {f"{name}{lookup}": "a"})
                    assert answer.status_code == 400, (model, name, lookup)

    def test_still_takes_its_own_filters(self, make_member: MakeMember) -> None:
        client = logged_in(make_member())

        for model, page in pages():
            for name in page.list_filter:
                values = {f"{name}__exact": "1"}
                assert client.get(listed(model), values).status_code == 200, (model, name)
            if page.date_hierarchy:
                assert (
                    client.get(listed(model), {f"{page.date_hierarchy}__year": "2026"}).status_code
                    == 200
                )
            assert client.get(
                listed(model), {"q": "abc", "p": "1", "o": "1", "all": ""}
            ).status_code in {200, 302}

    def test_answers_every_choice_that_its_page_offers(self, make_member: MakeMember) -> None:
        client = logged_in(make_member())
        tried = 0

        for model, _ in pages():
            offered = client.get(listed(model)).context["cl"]
            for kind in offered.filter_specs:
                for choice in kind.choices(offered):
                    if "query_string" not in choice:
                        continue
                    tried += 1
                    answer = client.get(listed(model) + choice["query_string"])
                    assert answer.status_code == 200, (model, choice["query_string"])
        assert tried > 50


class TestTheHashOfAPassword:
    def test_is_no_oracle(self, make_member: MakeMember) -> None:
        member = make_member(role=Role.AUDITOR)
        client = logged_in(member)
        right = Member.objects.get(pk=member.pk).password[:9]

        answers = {
            client.get(listed(Member), {"password__startswith": guess}).content
            for guess in (right, "wrong", f"{right}zzz")
        }

        assert len(answers) == 1, "every guess is answered alike"

    def test_is_not_even_read_for_a_page(self, make_member: MakeMember) -> None:
        member = make_member()
        page = admin.site._registry[Member]
        client = logged_in(member)
        request = client.get(listed(Member)).wsgi_request
        request.user = member

        assert '"password"' not in str(page.get_queryset(request).query)
        assert client.get(f"/admin/accounts/member/{quote(member.pk)}/change/").status_code == 200


class TestTheProcess:
    @pytest.mark.parametrize("field", ["external_id", "id", "state"])
    def test_is_not_stopped_by_a_regular_expression(
        self, make_member: MakeMember, make_speaker: MakeSpeaker, field: str
    ) -> None:
        make_speaker(external_id="a" * 27 + "!")
        client = logged_in(make_member(role=Role.AUDITOR))
        begun = time.monotonic()

        answer = client.get(listed(Speaker), {f"{field}__regex": "^(a+)+$"})

        assert answer.status_code == 400
        assert time.monotonic() - begun < 10

    @pytest.mark.parametrize("words", ["a " * 6, "x" * 101, "spk " * 5_000])
    def test_is_not_stopped_by_a_search_without_end(
        self, make_member: MakeMember, words: str
    ) -> None:
        client = logged_in(make_member())

        answer = client.get(listed(Speaker), {"q": words})

        assert answer.status_code == 200
        assert "at most 5 words" in answer.content.decode()
