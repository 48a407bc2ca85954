"""What `verify.py` knows of consents: the log replayed, rows held against it, and what stays unproven."""
