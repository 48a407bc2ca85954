"""Tests of the shape of the house: who may point at whom, what may stand where."""
