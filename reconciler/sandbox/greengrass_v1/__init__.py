"""AWS IoT Greengrass V1 in memory: all 92 operations of botocore's model, and the cores behind them.

``GreengrassV1`` in ``service`` is the one entry: the front calls its handlers, the world calls its ``tick``.
"""

from reconciler.sandbox.greengrass_v1.service import GreengrassV1

__all__ = ["GreengrassV1"]
