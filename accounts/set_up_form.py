"""The form that sets up an authenticator app."""

from __future__ import annotations

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm


class SetUpForm(ActivateTOTPForm):  # type: ignore[misc]  # allauth has no types
    """Uses the code up, as a login does."""

    def clean_code(self) -> str:
        """Return the code. One that this member has used before is refused like a wrong one.

        Raises ValidationError.
        """
        code = str(super().clean_code())
        adapter = get_adapter()

        # The library's own form only compares the code, which could then log in once more. Used
        # codes are kept in one place, and the first request that enters a code there has it, also
        # in a race.
        app = Authenticator(
            user=self.user,
            type=Authenticator.Type.TOTP,
            data={"secret": adapter.encrypt(self.secret)},
        )
        if not app.wrap().validate_code(code):
            raise adapter.validation_error("incorrect_code")

        return code
