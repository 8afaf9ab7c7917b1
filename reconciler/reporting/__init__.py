"""Plans, runs and problems to text, JSON and annotations. Pure."""
