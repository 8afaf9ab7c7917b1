"""AWS IoT Greengrass V2 in memory: the operations of botocore's model, and the core devices behind them.

``GreengrassV2`` in ``service`` is the one entry: the front calls its handlers, the world calls its ``tick``. The
service role and connectivity information are Greengrass V1's: AWS answers for both on one path, over one state.
"""

from reconciler.sandbox.greengrass_v2.service import GreengrassV2

__all__ = ["GreengrassV2"]
