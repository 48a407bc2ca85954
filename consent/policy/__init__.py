"""The rules of consent: requests, scopes, coverage and states. No Django, no clock, no database."""
