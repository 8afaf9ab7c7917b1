"""Desired and live state to a plan: comparison, order, digests. Pure."""
