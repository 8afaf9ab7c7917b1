"""Things, keys, certificates and their artifacts: AWS IoT or CDF Provisioning."""
