"""Carries out a plan: executor, ledger, waiting for devices."""
