"""Tests of the audiowmark scheme: against vectors of the program itself, and by properties."""
