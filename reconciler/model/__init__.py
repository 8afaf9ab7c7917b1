"""Frozen values that every other part speaks in."""
