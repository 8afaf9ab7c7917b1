"""Comments, checks and issues on GitHub."""
