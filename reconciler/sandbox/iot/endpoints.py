"""The account's AWS IoT host names, the same at every call."""

import hashlib
import string
from typing import Any

from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.store import Handler, Store

_DIGITS = string.ascii_lowercase + string.digits
_PREFIX_LENGTH = 14  # as in a1b2c3d4e5f6g7-ats.iot.eu-central-1.amazonaws.com

_HOSTS = {
    "iot:Data": "{account}.iot.{region}.{suffix}",
    "iot:Data-ATS": "{account}-ats.iot.{region}.{suffix}",
    "iot:Data-Beta": "{account}-beta.iot.{region}.{suffix}",
    "iot:CredentialProvider": "{account}.credentials.iot.{region}.{suffix}",
    "iot:Jobs": "{account}.jobs.iot.{region}.{suffix}",
}


class Endpoints:
    """DescribeEndpoint over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.handlers: dict[str, Handler] = {"DescribeEndpoint": self.describe}

    def describe(self, params: dict[str, Any]) -> dict[str, Any]:
        """The host name of one type of endpoint, ``iot:Data`` unless told."""
        kind = params.get("endpointType", "iot:Data")
        if kind not in _HOSTS:
            raise refusals.invalid(f"Invalid endpoint type: {kind}; there are {', '.join(_HOSTS)}")
        region = self._store.region
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        account = _account_prefix(self._store.account, region)
        return {"endpointAddress": _HOSTS[kind].format(account=account, region=region, suffix=suffix)}


def _account_prefix(account: str, region: str) -> str:
    digest = hashlib.sha256(f"{account}/{region}".encode()).digest()
    return "a" + "".join(_DIGITS[byte % len(_DIGITS)] for byte in digest[: _PREFIX_LENGTH - 1])
