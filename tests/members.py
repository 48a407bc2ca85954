"""Members in front of a browser: logged in, with a second factor and a fresh proof unless told otherwise."""

from __future__ import annotations

import time

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.test import Client

from accounts.models import Member


def logged_in(member: Member, *, second_factor: bool = True, proof_seconds_ago: int = 0) -> Client:
    """Give a browser in which this member works."""
    if second_factor:
        give_second_factor(member)
    client = Client()
    client.force_login(member)
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time() - proof_seconds_ago}]
    session["account_authentication_methods_user"] = member.pk
    session.save()
    return client


def give_second_factor(member: Member) -> str:
    """Set up an authenticator app unless there is one. Gives its secret."""
    found = Authenticator.objects.filter(user=member, type=Authenticator.Type.TOTP).first()
    if found is not None:
        return ""
    secret = str(generate_totp_secret())
    TOTP.activate(member, secret)
    return secret


def code_of(secret: str, *, steps: int = 0) -> str:
    """Give the code that the app shows now, or so many half minutes from now. It stands for three seconds at least."""
    left = 30 - time.time() % 30
    if left < 3:
        time.sleep(left)
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))
