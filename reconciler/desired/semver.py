"""Semantic versions, as Greengrass V2 wants them of components."""

SEMVER_PATTERN = (
    r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$"
)
"""A version as https://semver.org defines it, from 1.0.0 to 1.0.0-rc.1+build.5."""
SEMVER_WORDS = "a semantic version such as 1.2.4"
