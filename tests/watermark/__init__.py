"""Tests of the watermark package, which needs nothing of the service."""
