"""Outsiders: witnesses, stores and authorities as small real servers, and what we make of their
answers.
"""
