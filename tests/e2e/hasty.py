"""``reconcile`` in a hurry: what a killed worker had in hand comes back within seconds, and keys are made quickly."""

from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from reconciler.cli.main import main
from reconciler.execution import holding
from reconciler.execution.queue import asking, handlers, lanes, sweep, worker


def elliptic_key() -> bytes:
    """RSA would take most of the time."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


if __name__ == "__main__":
    lanes.VISIBILITY, handlers.CLAIM_SECONDS, holding.EVERY = 4, 4.0, 1.0
    worker.POLL, sweep.SWEEP_SECONDS, sweep.QUIET_SECONDS = 1, 1.0, 1.0
    handlers.COME_BACK, asking.EARLIEST = 1, 0.5
    new_key = patch("reconciler.provisioning.provision.new_key", elliptic_key)
    with new_key, patch("reconciler.execution.queue.worker.VISIBILITY", lanes.VISIBILITY):
        main()
