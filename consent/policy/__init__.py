"""The pure rules: what an ask is, what covers what, which states lead where.

No Django, no clock, no database.
"""
