"""A MySQL client that keeps the raw packets of every reply, with the capability flags that its caller chooses.

    with wire.Connection(("127.0.0.1", 6033), user="app", password="app") as client:
        client.query(b"SELECT 1").rows()
"""

import socket
import ssl
import struct

from . import auth
from .codec import MAX_PAYLOAD, Capability, Command, Reader, lenenc_string
from .reply import Packet, Reply, ReplyReader, Role, Shape, is_err

BASE = (
    Capability.LONG_PASSWORD
    | Capability.LONG_FLAG
    | Capability.PROTOCOL_41
    | Capability.TRANSACTIONS
    | Capability.SECURE_CONNECTION
    | Capability.MULTI_RESULTS
    | Capability.PS_MULTI_RESULTS
    | Capability.PLUGIN_AUTH
)
MODERN = BASE | Capability.DEPRECATE_EOF | Capability.SESSION_TRACK

# Longest wait for the peer to close behind COM_QUIT.
GOODBYE_SECONDS = 5

SHAPES = {
    Command.COM_QUERY: Shape.RESULTS,
    Command.COM_PROCESS_INFO: Shape.RESULTS,
    Command.COM_STMT_PREPARE: Shape.PREPARE,
    Command.COM_STMT_EXECUTE: Shape.BINARY_RESULTS,
    Command.COM_STMT_FETCH: Shape.FETCH,
    Command.COM_STMT_SEND_LONG_DATA: Shape.NONE,
    Command.COM_STMT_CLOSE: Shape.NONE,
    Command.COM_QUIT: Shape.NONE,
    Command.COM_FIELD_LIST: Shape.FIELD_LIST,
    Command.COM_STATISTICS: Shape.STATISTICS,
    Command.COM_CHANGE_USER: Shape.CHANGE_USER,
}


class LoginError(Exception):
    """The server refused the login: `reply` holds what it said, `code`, `state` and `text` its error."""

    def __init__(self, reply: Reply):
        self.reply = reply
        self.code, self.state, self.text = reply.error or (0, "", reply.broken)
        super().__init__(f"{self.code} ({self.state}): {self.text}")


class Closed(Exception):
    """The peer closed the connection before a packet was complete."""


def _connect(address: tuple[str, int] | str, timeout: float) -> socket.socket:
    """To a host and port, or to the path of a unix socket."""
    if not isinstance(address, str):
        connected = socket.create_connection(address, timeout)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected
    connected = socket.socket(socket.AF_UNIX)
    connected.settimeout(timeout)
    connected.connect(address)
    return connected


class Connection:
    def __init__(
        self,
        address: tuple[str, int] | str,
        user: str = "app",
        password: str = "app",
        database: str = "",
        capabilities: Capability = MODERN,
        collation: int = 45,
        tls: bool = False,
        attributes: dict[str, str] | None = None,
        timeout: float = 60,
    ):
        self.password = password.encode()
        # What LOAD DATA LOCAL may ask for, by name. A name that is not here is answered like an empty file.
        self.files: dict[str, bytes] = {}
        self.attributes = attributes or {}
        self.received = b""
        self.sequence = 0
        self.awaiting: Shape | None = None
        self.socket = _connect(address, timeout)
        try:
            self.login = Reply()
            try:
                self._log_in(user.encode(), database.encode(), capabilities, collation, tls)
            except (Closed, ConnectionError):
                self.login.broken = "closed"
            except TimeoutError:
                self.login.broken = "timeout"
            if self.login.broken or self.login.error:
                raise LoginError(self.login)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    # Commands

    def query(self, sql: bytes) -> Reply:
        self.send_query(sql)
        return self.receive_reply()

    def send_query(self, sql: bytes, attributes: list[tuple[str, bytes]] = []) -> None:
        """Sends without waiting: `receive_reply` takes the reply later."""
        self.send_command(Command.COM_QUERY, self._query_attributes(attributes) + sql)

    def command(self, command: int, payload: bytes = b"") -> Reply:
        self.send_command(command, payload)
        return self.receive_reply()

    def change_user(self, user: str, password: str, database: str = "", collation: int = 45) -> Reply:
        self.password = password.encode()
        payload = user.encode() + b"\0" + b"\0" + database.encode() + b"\0" + struct.pack("<H", collation)
        if Capability.PLUGIN_AUTH in self.capabilities:
            payload += b"mysql_native_password\0"
        if Capability.CONNECT_ATTRS in self.capabilities:
            payload += self._connect_attributes()
        return self.command(Command.COM_CHANGE_USER, payload)

    def quit(self) -> bytes:
        """Says goodbye, and returns what the peer still sent before it closed: nothing, if all is well."""
        self.send_command(Command.COM_QUIT)
        left = self.received
        self.socket.settimeout(GOODBYE_SECONDS)
        try:
            while chunk := self.socket.recv(65536):
                left += chunk
        except OSError:
            pass
        self.socket.close()
        return left

    # Packets

    def send_command(self, command: int, payload: bytes = b"") -> None:
        self.sequence = 0
        self.awaiting = SHAPES.get(command, Shape.ONE)
        self.send_packet(bytes([command]) + payload)

    def send_packet(self, payload: bytes) -> None:
        frames = bytearray()
        for at in range(0, len(payload) + 1, MAX_PAYLOAD):
            part = payload[at : at + MAX_PAYLOAD]
            frames += len(part).to_bytes(3, "little") + bytes([self.sequence]) + part
            self.sequence = (self.sequence + 1) % 256
        try:
            self.socket.sendall(frames)
        except ConnectionError:
            # A peer that has gone may have left a last packet: whoever awaits the reply reads that, then the end.
            pass

    def receive_packet(self) -> Packet:
        packet = None
        while True:
            header = self._receive(4)
            size = int.from_bytes(header[:3], "little")
            if packet is None:
                packet = Packet(header[3], b"")
            elif header[3] != self.sequence:
                raise ValueError(f"a continuation has sequence id {header[3]} instead of {self.sequence}")
            packet.payload += self._receive(size)
            self.sequence = (header[3] + 1) % 256
            if size < MAX_PAYLOAD:
                return packet

    def receive_reply(self) -> Reply:
        reply = Reply()
        try:
            if self.awaiting == Shape.CHANGE_USER:
                self._authenticate(reply.packets)
            elif self.awaiting is not None:
                reader = ReplyReader(self.capabilities, self.receive_packet, self._send_file)
                reader.read(self.awaiting, reply.packets)
        except (Closed, OSError) as problem:
            reply.broken = "timeout" if isinstance(problem, TimeoutError) else "closed"
        except ValueError as problem:
            reply.broken = f"malformed: {problem}"
        self.awaiting = None
        return reply

    def _receive(self, count: int) -> bytes:
        if len(self.received) < count:
            parts = [self.received]
            have = len(self.received)
            while have < count:
                chunk = self.socket.recv(max(65536, count - have))
                if not chunk:
                    raise Closed
                parts.append(chunk)
                have += len(chunk)
            self.received = b"".join(parts)
        taken, self.received = self.received[:count], self.received[count:]
        return taken

    def _send_file(self, request: Packet) -> None:
        content = self.files.get(request.payload[1:].decode("utf8", "replace"), b"")
        for at in range(0, len(content), 1 << 20):
            self.send_packet(content[at : at + (1 << 20)])
        self.send_packet(b"")

    def _query_attributes(self, attributes: list[tuple[str, bytes]]) -> bytes:
        if Capability.QUERY_ATTRIBUTES not in self.capabilities:
            return b""
        header = bytes([len(attributes), 1])
        if attributes:
            string_type = b"\xfe\x00"
            header += bytes((len(attributes) + 7) // 8) + b"\1"
            header += b"".join(string_type + lenenc_string(name.encode()) for name, _ in attributes)
            header += b"".join(lenenc_string(value) for _, value in attributes)
        return header

    # Connection phase

    def _log_in(self, user: bytes, database: bytes, wanted: Capability, collation: int, tls: bool) -> None:
        self._read_greeting()
        if database:
            wanted |= Capability.CONNECT_WITH_DB
        if self.attributes:
            wanted |= Capability.CONNECT_ATTRS
        if tls:
            wanted |= Capability.SSL
        # MariaDB clears LONG_PASSWORD to say that it knows its own extensions. A client that sets it asks for none of them.
        self.capabilities = wanted & (self.offered | Capability.LONG_PASSWORD)
        head = struct.pack("<IIB", self.capabilities, 1 << 30, collation & 0xFF) + bytes(23)
        if Capability.SSL in self.capabilities:
            self.send_packet(head)
            self._start_tls()
        answer = auth.answer(self.plugin, self.password, self.nonce)
        payload = head + user + b"\0" + bytes([len(answer)]) + answer
        if database:
            payload += database + b"\0"
        if Capability.PLUGIN_AUTH in self.capabilities:
            payload += self.plugin + b"\0"
        if Capability.CONNECT_ATTRS in self.capabilities:
            payload += self._connect_attributes()
        self.send_packet(payload)
        self._authenticate(self.login.packets)

    def _read_greeting(self) -> None:
        greeting = self.receive_packet()
        if is_err(greeting):
            greeting.role = Role.ERR
            self.login.packets.append(greeting)
            raise LoginError(self.login)
        reader = Reader(greeting.payload)
        reader.integer(1)
        self.server_version = reader.string_to_nul().decode()
        self.connection_id = reader.integer(4)
        self.nonce = reader.take(8)
        reader.integer(1)
        low = reader.integer(2)
        self.server_collation = reader.integer(1)
        self.server_status = reader.integer(2)
        self.offered = Capability((reader.integer(2) << 16 | low) & 0x3FFFFFFF)
        reader.take(11)
        self.nonce += reader.take(13)[:12]
        self.plugin = reader.string_to_nul() if reader else b"mysql_native_password"

    def _start_tls(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)

    def _connect_attributes(self) -> bytes:
        pairs = b"".join(lenenc_string(text.encode()) for pair in self.attributes.items() for text in pair)
        return lenenc_string(pairs)

    def _authenticate(self, packets: list[Packet]) -> None:
        """Answers until OK or ERR. Only that last packet is kept, as nonces and the way to it differ from login to login."""
        while True:
            packet = self.receive_packet()
            if packet.first == 0x00 or is_err(packet):
                packet.role = Role.ERR if is_err(packet) else Role.OK
                packets.append(packet)
                return
            if packet.first == 0xFE:
                reader = Reader(packet.payload[1:])
                self.plugin = reader.string_to_nul()
                self.nonce = reader.rest()[: auth.NONCE_BYTES]
                self.send_packet(auth.answer(self.plugin, self.password, self.nonce))
            elif packet.payload == b"\x01\x04":
                self._send_password()
            elif packet.payload != b"\x01\x03":
                raise ValueError(f"unexpected packet in the connection phase: {packet.payload[:16].hex()}")

    def _send_password(self) -> None:
        """Full authentication of caching_sha2_password: in clear below TLS and over a unix socket, else under the key of the server."""
        if isinstance(self.socket, ssl.SSLSocket) or self.socket.family == socket.AF_UNIX:
            self.send_packet(self.password + b"\0")
            return
        self.send_packet(b"\x02")
        key = self.receive_packet().payload[1:]
        self.send_packet(auth.rsa_block(key, self.password, self.nonce))
