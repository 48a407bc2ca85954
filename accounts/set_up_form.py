"""The form that sets up an authenticator app."""

from __future__ import annotations

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm


class SetUpForm(ActivateTOTPForm):  # type: ignore[misc]  # allauth has no types
    """Uses the code up, as a login does: the library's own form looks at it alone, and it would log
    in once more.
    """

    def clean_code(self) -> str:
        """Refuse a code that this member has used before as it refuses a wrong one."""
        code, adapter = str(super().clean_code()), get_adapter()

        # One register of used codes for all who ask: the first to enter a code there has it, also
        # in a race.
        app = Authenticator(
            user=self.user,
            type=Authenticator.Type.TOTP,
            data={"secret": adapter.encrypt(self.secret)},
        )
        if not app.wrap().validate_code(code):
            raise adapter.validation_error("incorrect_code")
        return code
