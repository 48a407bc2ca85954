"""Read the sentences of a Django template, for `make messages`.

Babel knows Python only. Django turns a template into Python-like text, in which each sentence
stands in a call of `gettext`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, BinaryIO

from babel.messages.extract import extract_python
from django.utils.translation.template import templatize

_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


def extract_messages(
    file: BinaryIO,
    keywords: Mapping[str, Any],
    comment_tags: Collection[str],
    options: Any,
) -> Iterator[tuple[Any, ...]]:
    """Yield `(line, function, message, comments)` for each sentence, as Babel wants it."""
    code = templatize(file.read().decode())
    # What is left of the markup is no Python, so its indentation must not be read as such.
    plain = io.BytesIO(_INDENT.sub("", code).encode())
    yield from extract_python(plain, keywords, comment_tags, options)
