"""The life of a consent: asked, signed, narrowed, held, ended; each change one service function,
one log entry.
"""
