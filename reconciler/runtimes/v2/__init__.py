"""Greengrass V2."""
