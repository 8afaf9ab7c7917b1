"""Plan and apply AWS IoT Greengrass fleets from YAML in a git repository."""

__version__ = "0.1.0"
