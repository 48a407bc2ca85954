"""The channels for letters: mail over SMTP, and messages over one HTTPS address.

This package has no models.
"""
