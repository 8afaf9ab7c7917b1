"""The same work through SQS: recorded, queued, and picked up by whoever is alive."""
