"""Forms of the admin that ask for a reason: free words, a code of a list with words, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django import forms

from core import shown_text

MOST_WORDS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A reason as a member gave it.

    `reason` is a code or words, `words` are further words, and `recorded` is the part that the log
    may keep.
    """

    reason: str = field(repr=False)
    words: str = field(default="", repr=False)
    recorded: str = field(default="", repr=False)


class ShownField(forms.CharField):
    """A field for words that the admin shows again.

    Invisible characters are taken out before the rest is checked.
    """

    def to_python(self, value: object) -> str:
        """Return the words.

        Raises ValidationError for words that change the direction of writing, and for words without
        a letter or digit.
        """
        try:
            said = shown_text.clean_text(super().to_python(value) or "", one_line=False)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

        if said and not shown_text.count_drawn(said):
            raise forms.ValidationError("The text has no letter and no digit.")

        return said


class ReasonForm(forms.Form):
    """Form for a reason in free words, for acts that concern no person's data.

    The words are sealed, and the log commits to them.
    """

    reason = ShownField(
        label="Reason",
        min_length=3,
        max_length=200,
        help_text="Required. Goes on record with your name. Keep personal details out of it.",
        widget=forms.Textarea(attrs={"rows": 3, "class": "reason"}),
    )

    def get_reason(self) -> Given:
        """Return the reason of a valid form."""
        reason = self.cleaned_data["reason"]
        return Given(reason=reason, recorded=reason)


class NoReasonForm(forms.Form):
    """Form for acts that need no reason, because they give people what is theirs.

    The log holds who acted.
    """

    def get_reason(self) -> Given:
        """Return the empty reason."""
        return Given(reason="")


class CodeForm(forms.Form):
    """Form for a reason that is one code of a list. The log keeps only the code."""

    reason = forms.ChoiceField(label="Reason", help_text="Required. Goes on record with your name.")

    def get_reason(self) -> Given:
        """Return the reason of a valid form."""
        code = self.cleaned_data["reason"]
        return Given(reason=code, words=self.cleaned_data.get("words", ""), recorded=code)


class CodeAndWordsForm(CodeForm):
    """Form for a code with words that officers and auditors can read again."""

    words = ShownField(
        label="In words",
        required=False,
        max_length=MOST_WORDS,
        help_text=(
            "Kept under the person's own key: officers and auditors can read it here, and erasing "
            "the person destroys it."
        ),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


AnyReasonForm = ReasonForm | CodeForm | NoReasonForm


def make_code_form(codes: Sequence[tuple[str, str]], *, with_words: bool) -> type[CodeForm]:
    """Make a form that asks for one of `codes`, and with `with_words` for words beside it.

    Each of the codes is a pair of code and meaning.
    """
    base = CodeAndWordsForm if with_words else CodeForm
    choice = forms.ChoiceField(
        label="Reason",
        choices=[("", "Choose one"), *codes],
        help_text="Required. Goes on record with your name.",
    )

    return type(f"{base.__name__}OfAnAct", (base,), {"reason": choice})
