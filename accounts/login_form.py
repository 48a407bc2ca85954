"""The form of the login."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm


class MemberLoginForm(LoginForm):  # type: ignore[misc]  # allauth has no types
    """Takes addresses exactly as they are typed."""

    def clean_login(self) -> str:
        """Return the login. Letters beyond ASCII are refused like a wrong password.

        Raises ValidationError.
        """
        # The library folds letters that only look like ASCII into ASCII.
        if not str(self["login"].data).isascii():
            raise get_adapter().validation_error("email_password_mismatch")

        return str(super().clean_login())
