"""AWS IoT Greengrass V1."""
