"""The parts of `verify.py`. Each is tested by itself, and `build` joins them to one file."""
