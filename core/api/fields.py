"""Form fields that every room's API shares: a JSON value of another type is refused, never made to
fit.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Any, Final

from django.core.validators import EmailValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from core import clock, shown_text

MOST: Final = 2**53 - 1
"""The greatest whole number that every JSON reader takes exactly (RFC 8259, section 6)."""
_DIGITS: Final = re.compile(r"[0-9]{1,16}")
_LAYOUT: Final = frozenset("\n\t")
_TEXTS: Final = {
    "invalid": "This must be a text.",
    "max_length": "At most {max_length} characters.",
}


class TextField(serializers.CharField):
    """A text without control characters and lone surrogates, in Unicode NFC.

    A number or a boolean is no text.
    """

    default_error_messages = _TEXTS

    def to_internal_value(self, data: Any) -> str:
        """Return the text."""
        if not isinstance(data, str):
            self.fail("invalid")
        # This stands before anything looks at every character.
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in _LAYOUT for char in data):
            raise serializers.ValidationError(
                "The text holds control characters.", code="control_characters"
            )
        return unicodedata.normalize("NFC", super().to_internal_value(data))


class ShownTextField(TextField):
    """Words that a person is shown: nothing turns the line round, and enough letters or digits are
    there to be seen.

    Letters that draw nothing are taken out, but for those that scripts need. A name stands in one
    line.
    """

    def __init__(self, *, fewest: int = 1, one_line: bool = True, **options: Any) -> None:
        self._fewest, self._one_line = fewest, one_line
        super().__init__(**options)

    def run_validation(self, data: Any = empty) -> Any:
        """Return the words. Whether they are blank is asked of what is left of them."""
        said = super().run_validation(data)
        if not isinstance(said, str) or not said:
            return said
        text = self._clean_words(said)
        if not self._fewest and not shown_text.draws_ink(text):
            text = ""
        if not text and not self.allow_blank:
            self.fail("blank")
        if text and shown_text.count_drawn(text) < self._fewest:
            detail = (
                "The text has no letter and no digit."
                if self._fewest == 1
                else "The text has too few letters."
            )
            raise serializers.ValidationError(detail, code="too_short")
        return text

    def to_internal_value(self, data: Any) -> str:
        """Return the text. Line ends of Windows are line ends."""
        if isinstance(data, str) and not self._one_line:
            data = data.replace("\r\n", "\n")
        return super().to_internal_value(data)

    def _clean_words(self, text: str) -> str:
        try:
            return shown_text.clean_text(text, one_line=self._one_line)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code=shown_text.INVISIBLE) from error


class WordField(TextField):
    """A code or an id in whatever letters: a service looks it up, and people are shown what it
    found.
    """


class ReferenceField(TextField):
    """The caller's own name or note for a thing: given back as it came, and in nothing that a
    person is asked.
    """


@extend_schema_field(
    {
        "type": "string",
        "format": "email",
        "pattern": r"^[^@\s]+@[^@\s]+\.[^@\s.]{2,}$",
        "maxLength": 254,
    }
)
class EmailField(TextField):
    """An e-mail address."""

    default_error_messages = {"no_address": "This is not an e-mail address."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)
        self.validators.append(
            EmailValidator(message=self.error_messages["no_address"], code="invalid")
        )

    def to_internal_value(self, data: Any) -> str:
        """Return the address. The framework's own check takes invisible letters in a domain."""
        text = super().to_internal_value(data)
        if not shown_text.is_plain(text):
            raise serializers.ValidationError(self.error_messages["no_address"], code="invalid")
        return text


class CodeField(serializers.CharField):
    """A short code of visible ASCII characters. The service judges what it means."""

    default_error_messages = _TEXTS

    def to_internal_value(self, data: Any) -> str:
        """Return the code."""
        if not isinstance(data, str) or not data.isascii() or not data.isprintable():
            raise serializers.ValidationError("This is not a code.", code="invalid")
        return super().to_internal_value(data)


class ChoiceField(serializers.ChoiceField):
    """One of a few texts.

    The framework takes whatever is spelt like one of them, and repeats in Python what is not.
    """

    default_error_messages = {"invalid_choice": "This must be one of: {choices}."}

    def to_internal_value(self, data: Any) -> str:
        """Return the text."""
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", choices=", ".join(map(str, self.choices)))
        return data


class FlagField(serializers.BooleanField):
    """A JSON boolean. A text or a number is none."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the boolean."""
        if not isinstance(data, bool):
            raise serializers.ValidationError("This must be true or false.", code="invalid")
        return data


@extend_schema_field({"type": "boolean"})
class FlagWordField(serializers.Field[bool, Any, str, Any]):
    """A flag in a query: `true` or `false`."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the boolean."""
        if not isinstance(data, str) or data not in {"true", "false"}:
            raise serializers.ValidationError("This must be true or false.", code="invalid")
        return bool(data == "true")

    def to_representation(self, value: bool) -> str:  # noqa: FBT001 - the framework's signature
        """Return the word."""
        return "true" if value else "false"


class WholeNumberField(serializers.IntegerField):
    """A whole JSON number from 0 (or as told) to 2**53 - 1. Texts, booleans and fractions are
    none.
    """

    def __init__(self, **options: Any) -> None:
        self._least, self._most = (
            int(options.pop("min_value", 0)),
            int(options.pop("max_value", MOST)),
        )
        super().__init__(min_value=self._least, max_value=self._most, **options)

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        # JSON does not tell 7.0 from 7, and neither does JSON Schema.
        if isinstance(data, float) and data.is_integer():
            data = int(data)
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError("This must be a whole number.", code="invalid")
        if not self._least <= data <= self._most:
            detail = f"This must be from {self._least} to {self._most}."
            raise serializers.ValidationError(detail, code="out_of_range")
        return data


@extend_schema_field({"type": "integer"})
class WholeNumberWordField(serializers.Field[int, Any, str, Any]):
    """A whole number in a query or a form, in digits."""

    def __init__(self, *, least: int = 0, most: int = MOST, **options: Any) -> None:
        self._least, self._most = least, most
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        if not isinstance(data, str) or not _DIGITS.fullmatch(data):
            raise serializers.ValidationError("This must be a whole number.", code="invalid")
        if not self._least <= int(data) <= self._most:
            detail = f"This must be from {self._least} to {self._most}."
            raise serializers.ValidationError(detail, code="out_of_range")
        return int(data)

    def to_representation(self, value: int) -> str:
        """Return the digits."""
        return str(value)


class MomentField(serializers.DateTimeField):
    """A time in RFC 3339 with its offset, from the years 2000 to 2199, given in UTC."""

    def to_internal_value(self, value: Any) -> datetime:
        """Return the time."""
        try:
            utc = clock.parse_rfc3339(value if isinstance(value, str) else "")
        except ValueError:
            raise serializers.ValidationError(
                "Give a time such as 2027-11-20T00:00:00Z.", code="invalid"
            ) from None
        if not 2000 <= utc.year < 2200:
            raise serializers.ValidationError("This time lies too far away.", code="out_of_range")
        return utc


class BoundedListField(serializers.ListField):
    """A list that is measured before anything in it is looked at."""

    def __init__(self, *, limit: int, **options: Any) -> None:
        self.limit = limit
        super().__init__(max_length=limit, **options)

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the list."""
        if isinstance(data, list) and len(data) > self.limit:
            raise serializers.ValidationError(f"At most {self.limit} entries.", code="out_of_range")
        return super().to_internal_value(data)


class TimestampField(serializers.DateTimeField):
    """A time in an answer: RFC 3339 in UTC."""

    def to_representation(self, value: datetime) -> str:
        """Write the time."""
        return clock.to_rfc3339(value)


class NullableTextField(serializers.CharField):
    """A text in an answer that is null where the row has an empty one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)

    # The framework's is never null.
    def to_representation(self, value: Any) -> str | None:  # type: ignore[override]
        """Return the text, or None for an empty one."""
        return str(value) or None


class ConstantField(serializers.ChoiceField):
    """A member of an answer that always has the same text, such as `object`."""

    def __init__(self, text: str, **options: Any) -> None:
        self._text = text
        super().__init__(choices=(text,), **options)

    def get_attribute(self, instance: Any) -> str:  # noqa: ARG002 - the framework's signature
        """Return the text, whatever the row is."""
        return self._text
