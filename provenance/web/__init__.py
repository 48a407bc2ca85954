"""The public pages: the first page, `/verify` for anybody with a clip, and what they thought of the
answer.
"""
