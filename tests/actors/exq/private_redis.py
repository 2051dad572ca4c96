"""A real redis-server of a test's own, to hang and kill: loopback, a free port, a temporary folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from types import TracebackType


class PrivateRedis:
    """A server that lives inside a `with` block.

    Attributes:
        url: its TCP URL.
        socket_path: its Unix socket.
    """

    def __init__(self, *options: str) -> None:
        self.folder = tempfile.mkdtemp(prefix="redis-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.socket_path = f"{self.folder}/redis.sock"
        self.url = f"redis://127.0.0.1:{self.port}"
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder,
             "--save", "", "--unixsocket", self.socket_path, "--enable-debug-command", "yes", *options],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def __enter__(self) -> PrivateRedis:
        deadline = time.monotonic() + 10
        while True:
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(self.socket_path) == 0:
                    return self
            assert self._process.poll() is None, "redis-server ended"
            assert time.monotonic() < deadline, "redis-server did not start"
            time.sleep(0.005)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.wake()
        self.kill()
        shutil.rmtree(self.folder)

    def hang(self) -> None:
        """SIGSTOP: the kernel goes on accepting connections and bytes, the server does nothing."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
