"""The speech watermark: a keyed 32-bit token in clips of two seconds and more."""
