"""Who may point at whom: relations point down the stack, and the log points at no one."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db.models import Field, Model

from tests.architecture import source

HEIGHT = {app: height for height, app in enumerate(source.STACK)}


def our_models() -> list[type[Model]]:
    return [model for model in apps.get_models() if room(model) in HEIGHT]


def room(model: type[Model]) -> str:
    return model.__module__.split(".")[0]


def relations(model: type[Model]) -> Iterator[tuple[str, type[Model]]]:
    for field in model._meta.get_fields():
        if isinstance(field, Field) and field.is_relation and isinstance(field.related_model, type):
            yield f"{model._meta.label}.{field.name}", field.related_model


class TestRelations:
    def test_point_down_the_stack(self) -> None:
        upward = [
            name
            for model in our_models()
            for name, target in relations(model)
            if HEIGHT.get(room(target), 0) > HEIGHT[room(model)]
        ]
        assert upward == []

    def test_are_seen_by_this_test(self) -> None:
        assert any(
            name == "accounts.ApiKey.organisation"
            for model in our_models()
            for name, _ in relations(model)
        )


class TestTheLog:
    """It outlives everything that it tells of, so nothing may cascade into it."""

    def test_has_no_relation_at_all(self) -> None:
        tables = [
            model for model in our_models() if model.__module__ == "transparency_log.models.log"
        ]
        assert len(tables) > 2
        assert [name for model in tables for name, _ in relations(model)] == []
