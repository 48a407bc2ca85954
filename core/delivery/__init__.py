"""The ways in which a letter leaves us: mail over SMTP, and messages over one HTTPS address.

No models live here.
"""
