"""Looks whether all is there that a fleet needs: credentials, roles, buckets, ledger, queues, clock. Never writes."""
