"""CDF Provisioning as the sandbox serves it: the HTTP API of CDF's service over the sandbox's AWS IoT."""

from reconciler.sandbox.cdf.service import handle

__all__ = ["handle"]
