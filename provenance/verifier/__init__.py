"""`verify.py`, in parts: each is read and tested by itself here, and all travel as one file
(`build`).
"""
