"""Voice providers behind one small interface."""
