"""AWS IoT's registry as the sandbox serves it: things, groups, certificates, policies, provisioning."""

from reconciler.sandbox.iot.registry import Registry

__all__ = ["Registry"]
