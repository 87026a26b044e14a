"""The bare relays: every byte arrives, in order, whatever the buffers and the speeds."""

import contextlib
import hashlib
import random
import socket
import threading
import unittest

from bench.process import free_port
from checks.support import connect, read_all, running, serving


class Relays:
    """What every relay has to do. `program` is its name, `small_buffers` are the arguments that make it short of room."""

    program = ""
    small_buffers = ()

    def relay_and_compare(self, *arguments):
        """Twenty connections at once send up to 3 MB each, end their side, and get its digest and 3 MB back."""
        answer = random.Random(1).randbytes(3_000_000)

        def echo_digest(connection):
            digest = hashlib.sha256(read_all(connection, random.choice([500, 65536]))).digest()
            connection.sendall(digest + answer)

        failures = []

        def client(address, number):
            data = random.Random(number).randbytes([0, 1, 100, 3_000_000][number % 4])
            with connect(address) as connection:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                if read_all(connection, [700, 65536][number % 2]) != hashlib.sha256(data).digest() + answer:
                    failures.append(number)

        with serving(echo_digest) as server, running(self.program, "--to", server, *arguments) as address:
            clients = [threading.Thread(target=client, args=(address, number)) for number in range(20)]
            for thread in clients:
                thread.start()
            for thread in clients:
                thread.join(60)
                self.assertFalse(thread.is_alive())
        self.assertEqual(failures, [])

    def test_relays_every_byte_both_ways(self):
        self.relay_and_compare()

    def test_relays_every_byte_when_buffers_run_out(self):
        self.relay_and_compare(*self.small_buffers)

    def test_holds_back_a_sender_whose_receiver_does_not_read(self):
        """A sender that nobody reads comes to a stop, and all it sent arrives once somebody reads."""
        may_read = threading.Event()
        received = []

        def read_late(connection):
            may_read.wait(30)
            received.append(len(read_all(connection)))
            connection.sendall(b".")

        with serving(read_late) as server, running(self.program, "--to", server) as address, connect(address) as client:
            client.settimeout(1)
            sent = 0
            with self.assertRaises(TimeoutError):
                while sent < 1 << 30:
                    sent += client.send(bytes(65536))
            self.assertLess(sent, 64 << 20)
            may_read.set()
            client.settimeout(30)
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(client.recv(1), b".")
        self.assertIn(sent, received)  # beside the empty connection that found out whether the relay serves

    def test_ends_the_client_when_the_server_refuses(self):
        with running(self.program, "--to", f"127.0.0.1:{free_port()}") as address, connect(address) as client:
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(client.recv(1), b"")


class Floor(Relays, unittest.TestCase):
    program = "floor"
    small_buffers = ("--buffers", "4", "--buffer-bytes", "256")


class Epoll(Relays, unittest.TestCase):
    program = "epoll"
    small_buffers = ("--buffer-bytes", "256")
