"""Forms of the desk that ask for a reason: free words, or a code of a fixed list with words beside
it; or for none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django import forms

from core import shown_text

MOST_WORDS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A reason as a member gave it: a code or words, further words, and the part that the log may
    keep.
    """

    reason: str = field(repr=False)
    words: str = field(default="", repr=False)
    recorded: str = field(default="", repr=False)


class ShownField(forms.CharField):
    """Words that are read again on the desk: what draws nothing is taken out before anything is
    asked of the rest.
    """

    def to_python(self, value: object) -> str:
        """Give the words.

        Refuses those that turn the direction of writing, and those without a letter or digit.
        """
        try:
            said = shown_text.clean_text(super().to_python(value) or "", one_line=False)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        if said and not shown_text.count_drawn(said):
            raise forms.ValidationError("The text has no letter and no digit.")
        return said


class ReasonForm(forms.Form):
    """Why, in free words, for acts that concern nobody's data.

    They are sealed, and the log commits to them.
    """

    reason = ShownField(
        label="Reason",
        min_length=3,
        max_length=200,
        help_text="Required. Goes on record with your name; keep personal details out of it.",
        widget=forms.Textarea(attrs={"rows": 3, "class": "reason"}),
    )

    def get_reason(self) -> Given:
        """Give the reason of a valid form."""
        reason = self.cleaned_data["reason"]
        return Given(reason=reason, recorded=reason)


class NoReasonForm(forms.Form):
    """For acts that need no reason: they help a person to what is theirs, and the log has who did
    it.
    """

    def get_reason(self) -> Given:
        """Give the empty reason."""
        return Given(reason="")


class CodeForm(forms.Form):
    """Why, as one code of a list. The log keeps the code alone."""

    reason = forms.ChoiceField(label="Reason", help_text="Required. Goes on record with your name.")

    def get_reason(self) -> Given:
        """Give the reason of a valid form."""
        code = self.cleaned_data["reason"]
        return Given(reason=code, words=self.cleaned_data.get("words", ""), recorded=code)


class CodeAndWordsForm(CodeForm):
    """Why, as a code, with words that officers and auditors can read again."""

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


def make_code_form(codes: Sequence[tuple[str, str]], *, words: bool) -> type[CodeForm]:
    """Make a form that asks for one of these codes (code, meaning), and for words beside it where
    `words` says so.
    """
    base = CodeAndWordsForm if words else CodeForm
    choice = forms.ChoiceField(
        label="Reason",
        choices=[("", "Choose one"), *codes],
        help_text="Required. Goes on record with your name.",
    )
    return type(f"{base.__name__}OfAnAct", (base,), {"reason": choice})
