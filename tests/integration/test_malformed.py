"""Clients that break the protocol: each loses its own connection and nobody else's."""

import os
import random
import socket
import struct

from bench import on, value
from wire import Connection

SEED = 20240811


def packet(payload, sequence=0, length=None):
    return struct.pack("<I", len(payload) if length is None else length)[:3] + bytes([sequence]) + payload


def before_login():
    """What is sent in place of a handshake response, by name."""
    noise = random.Random(SEED)
    yield "nothing but an end", b""
    yield "a header of a packet that never comes", b"\x10\x00"
    yield "an empty packet", packet(b"", 1)
    yield "one byte", packet(b"\x01", 1)
    yield "a wrong sequence id", packet(b"\x85\xa6\xff\x01" + bytes(60), 9)
    yield "a response of an old protocol", packet(b"\x00\x00\x00\x00\x00app\0", 1)
    yield "a user name without an end", packet(b"\x85\xa6\x0f\x00" + bytes(28) + b"a" * 300, 1)
    yield "an authentication answer longer than the packet", packet(b"\x85\xa6\xff\x00" + bytes(28) + b"app\0\xfa", 1)
    yield "a length of 2^64", packet(b"\x85\xa6\xff\x00" + bytes(28) + b"app\0\xfe" + b"\xff" * 8, 1)
    yield "an HTTP request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield "the largest packet, one byte of it", packet(b"\x00", 1, 0xFFFFFF)
    for size in (40, 400, 4000):
        yield f"{size} bytes of noise", noise.randbytes(size)


def after_login():
    """Commands no client would send, by name."""
    noise = random.Random(SEED)
    yield "an empty command", packet(b"")
    yield "a wrong sequence id", packet(b"\x03SELECT 1", 5)
    yield "a command number nobody has", packet(b"\xee")
    yield "COM_SLEEP", packet(b"\x00")
    yield "COM_STMT_EXECUTE without a statement", packet(b"\x17")
    yield "COM_STMT_EXECUTE cut short", packet(b"\x17\x01\x00\x00\x00\x00")
    yield "COM_STMT_EXECUTE of a statement that is not there", packet(b"\x17\xff\xff\x00\x00\x00\x01\x00\x00\x00")
    yield "COM_STMT_FETCH cut short", packet(b"\x1c\x01")
    yield "COM_STMT_CLOSE cut short", packet(b"\x19\x01")
    yield "COM_STMT_SEND_LONG_DATA cut short", packet(b"\x18\x01\x00")
    yield "COM_CHANGE_USER without its ends", packet(b"\x11" + b"a" * 40)
    yield "COM_CHANGE_USER with a length beyond its end", packet(b"\x11app\0\xffabc")
    yield "COM_SET_OPTION cut short", packet(b"\x1b\x00")
    yield "COM_INIT_DB with a long name", packet(b"\x02" + b"x" * 5000)
    yield "COM_FIELD_LIST without an end", packet(b"\x04" + b"y" * 300)
    yield "a statement of noise", packet(b"\x03" + noise.randbytes(3000))
    yield "half a statement, then the end", packet(b"\x03SELECT 1", 0, 100)
    yield "noise", noise.randbytes(5000)


def send_and_drop(connected, data):
    """Sends, says that no more will come, and reads until the peer closes: it has to, within the time-out."""
    connected.settimeout(30)
    try:
        connected.sendall(data)
        connected.shutdown(socket.SHUT_WR)
        while connected.recv(65536):
            pass
    except (ConnectionResetError, BrokenPipeError):
        pass
    finally:
        connected.close()


def check(bench, lockstep, witness, number, name):
    """After each attempt a session that was there before and a new one both work."""
    assert value(witness, "SELECT %s", number) == number, f"after {name}"
    assert value(bench.connect(lockstep.port), "SELECT 1") == 1, f"after {name}"
    assert lockstep.running(), f"lockstep ended after {name}"


def test_before_login(bench):
    """Whatever is sent in place of a login ends that one connection."""
    with bench.lockstep(bench.server("mariadb-1")) as lockstep:
        witness = bench.connect(lockstep.port)
        for number, (name, data) in enumerate(before_login()):
            connected = socket.create_connection(("127.0.0.1", lockstep.port), timeout=30)
            assert connected.recv(4), "the greeting comes first"
            send_and_drop(connected, data)
            check(bench, lockstep, witness, number, name)
        assert lockstep.metrics().sum("lockstep_malformed_packets_total") > 0


@on("mariadb-1", "mysql-1")
def test_after_login(bench, server):
    """Whatever is sent in place of a command is refused or ends that one connection; no server session is spoilt."""
    with bench.lockstep(server, pool={"connections_max": 4}) as lockstep:
        witness = bench.connect(lockstep.port)
        for number, (name, data) in enumerate(after_login()):
            client = Connection(("127.0.0.1", lockstep.port), database=bench.database)
            send_and_drop(client.socket, data)
            check(bench, lockstep, witness, number, name)


def test_resets_at_every_place(bench):
    """A client that vanishes with a reset, after any number of bytes of login and statement, harms nobody."""
    dialogue = recorded_login(bench)
    with bench.lockstep(bench.server("mariadb-1")) as lockstep:
        witness = bench.connect(lockstep.port)
        for cut in range(0, len(dialogue), 7):
            connected = socket.create_connection(("127.0.0.1", lockstep.port), timeout=30)
            connected.recv(4)
            connected.sendall(dialogue[:cut])
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connected.close()
        check(bench, lockstep, witness, 1, "the resets")


def recorded_login(bench):
    """A handshake response with an answer that is wrong for any other nonce, and a statement behind it."""
    response = (struct.pack("<IIB", 0x000FA68D, 1 << 24, 45) + bytes(23) + b"app\0" + b"\x14" + os.urandom(20)
                + bench.database.encode() + b"\0mysql_native_password\0")
    return packet(response, 1) + packet(b"\x03SELECT 1")
