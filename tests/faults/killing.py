"""Kills a process of its own at one of its calls to the sandbox, which runs in this process."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from reconciler.sandbox.front import ConnectionCutError, Front
from reconciler.sandbox.naming import Callee
from reconciler.sandbox.request import Request


@contextmanager
def killed_at(number: int, *, after: bool) -> Iterator[Callable[[list[str]], int]]:
    """Start a process that is killed when its call of that number comes in, before the work or when it is done."""
    real, lock, seen, process = Front._answer, threading.Lock(), [0], list[subprocess.Popen[bytes]]()

    def answer(self: Front, request: Request, callee: Callee) -> Any:
        with lock:
            seen[0] += 1
            mine = seen[0] == number
        if mine and not after:
            process[0].kill()
            raise ConnectionCutError("killed")
        response = real(self, request, callee)
        if mine:
            process[0].kill()
        return response

    def start(words: list[str]) -> int:
        process.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ))
        return process[0].wait(timeout=60)

    with patch.object(Front, "_answer", answer):
        yield start
