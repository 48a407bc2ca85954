"""The form of the login."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm


class MemberLoginForm(LoginForm):  # type: ignore[misc]  # allauth has no types
    """Takes addresses as they are given: the library folds letters that only look like ASCII into
    ASCII.
    """

    def clean_login(self) -> str:
        """Refuse other letters as it refuses a wrong password."""
        if not str(self["login"].data).isascii():
            raise get_adapter().validation_error("email_password_mismatch")
        return str(super().clean_login())
