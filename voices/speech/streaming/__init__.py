"""Speech that leaves while it is being made: sentence by sentence, marked as it passes, cut when
consent ends.
"""
