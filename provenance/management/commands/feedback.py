"""`manage.py feedback`: print the opinions on the verify page that concern no clip, a line each."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from core.clock import to_rfc3339
from provenance import reader_feedback


class Command(BaseCommand):
    help = (
        "Print what people said of the verify page in general; what is about a clip is on its "
        "organisation's page in the admin."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for one in reader_feedback.list_general_feedback():
            words = " ".join(one.words.split())
            self.stdout.write(
                "  ".join(
                    (
                        to_rfc3339(one.created_at),
                        one.opinion,
                        one.verdict or "general",
                        one.language,
                        words,
                    )
                )
            )
