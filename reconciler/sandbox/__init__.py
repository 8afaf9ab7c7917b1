"""AWS on this machine, for demos and tests."""
