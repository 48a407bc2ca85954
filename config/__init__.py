"""Wiring: settings, urls, tasks, problem documents. Imports everybody; nobody imports it."""
