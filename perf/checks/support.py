"""The lab's programs for tests, and what stands at their other ends."""

import contextlib
import hashlib
import os
import socket
import subprocess
import tempfile
import threading

from bench.process import Process, free_port, port_serves

programs = ""  # the folder of the lab's programs, set by perf/check


class Served(str):
    """An address, and the process that serves there."""

    def __new__(cls, address, pid):
        served = super().__new__(cls, address)
        served.pid = pid
        return served


@contextlib.contextmanager
def running(name, *arguments):
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [os.path.join(programs, name), "--listen", f"127.0.0.1:{port}", *arguments]
        process = Process(name, command, min(os.sched_getaffinity(0)), folder)
        try:
            process.wait_until(port_serves(port))
            yield Served(f"127.0.0.1:{port}", process.pid)
        finally:
            process.stop()


@contextlib.contextmanager
def serving(handle):
    """A server that gives each connection to `handle` in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def serve_one(connection):
        with contextlib.suppress(OSError), connection:
            handle(connection)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve_one, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def connect(address):
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def read_all(connection, piece=65536):
    parts = []
    while part := connection.recv(piece):
        parts.append(part)
    return b"".join(parts)


def load(address, *arguments):
    return subprocess.run([os.path.join(programs, "load"), "--to", address, "--json", "--duration", "0.2",
                           "--warm-up", "0.05", *arguments], capture_output=True, text=True, check=False, timeout=60)


class RawClient:
    """A client of a few lines that shows replies as they are, with session trackers and multi-statements on."""

    CAPABILITIES = 0x0183A205  # as a MariaDB client with SESSION_TRACK, DEPRECATE_EOF, MULTI_STATEMENTS, PLUGIN_AUTH

    def __init__(self, address):
        self.connection = connect(address)
        greeting = self.packet()
        after_version = greeting.index(b"\0", 1) + 1
        nonce = greeting[after_version + 4:after_version + 12] + greeting[after_version + 31:after_version + 43]
        once = hashlib.sha1(b"app").digest()
        mask = hashlib.sha1(nonce + hashlib.sha1(once).digest()).digest()
        answer = bytes(a ^ b for a, b in zip(once, mask))
        self.send(1, self.CAPABILITIES.to_bytes(4, "little") + bytes(4) + b"\x2d" + bytes(23) + b"app\0"
                  + bytes([len(answer)]) + answer + b"mysql_native_password\0")
        assert self.packet()[0] == 0

    def send(self, sequence_id, payload):
        for byte in len(payload).to_bytes(3, "little") + bytes([sequence_id]) + payload:
            self.connection.sendall(bytes([byte]))

    def packet(self):
        header = self.exactly(4)
        return self.exactly(int.from_bytes(header[:3], "little"))

    def exactly(self, count):
        parts = b""
        while len(parts) < count:
            part = self.connection.recv(count - len(parts))
            assert part, "the server closed the connection"
            parts += part
        return parts

    def ask(self, text):
        self.send(0, b"\x03" + text.encode())
        return self.packet()
