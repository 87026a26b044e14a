"""Finds the end of the reply to a command, and says of each packet in it what it is.

The raw packets are kept. Their roles let a reader of the reply decode or mask one field without guessing."""

import dataclasses
import enum
from collections.abc import Callable

from .codec import MAX_PAYLOAD, Capability, Reader, Status


class Role(enum.Enum):
    OK = "OK"
    ERR = "ERR"
    EOF = "EOF"
    # The EOF packet between the definitions and the rows; a client with DEPRECATE_EOF gets none.
    DEFINITIONS_EOF = "EOF of the definitions"
    COLUMN_COUNT = "column count"
    COLUMN = "column"
    TEXT_ROW = "row"
    BINARY_ROW = "binary row"
    LOCAL_INFILE = "local infile"
    PREPARE_OK = "prepare OK"
    STATISTICS = "statistics"
    AUTH = "authentication"


class Shape(enum.Enum):
    """How the reply to a command is built up."""

    NONE = enum.auto()
    ONE = enum.auto()
    RESULTS = enum.auto()
    BINARY_RESULTS = enum.auto()
    PREPARE = enum.auto()
    FETCH = enum.auto()
    FIELD_LIST = enum.auto()
    STATISTICS = enum.auto()
    CHANGE_USER = enum.auto()


@dataclasses.dataclass
class Packet:
    """One logical packet: `payload` is whole, also where it came in several parts of 16 MB."""

    sequence: int
    payload: bytes
    role: Role | None = None

    @property
    def first(self) -> int:
        return self.payload[0] if self.payload else -1


@dataclasses.dataclass
class Reply:
    packets: list[Packet] = dataclasses.field(default_factory=list)
    # Why the reply ends before its end: the peer closed the connection, sent nonsense, or nothing for too long.
    broken: str = ""

    @property
    def error(self) -> tuple[int, str, str] | None:
        """Code, SQLSTATE and text of the ERR packet, if there is one."""
        if not self.packets or self.packets[-1].role != Role.ERR:
            return None
        return parse_error(self.packets[-1].payload)

    def rows(self) -> list[tuple[bytes | None, ...]]:
        """The rows of a reply in the text protocol."""
        columns = 0
        rows = []
        for packet in self.packets:
            if packet.role == Role.COLUMN_COUNT:
                columns = Reader(packet.payload).lenenc()
            if packet.role == Role.TEXT_ROW:
                reader = Reader(packet.payload)
                rows.append(tuple(reader.string_or_null() for _ in range(columns)))
        return rows


def parse_error(payload: bytes) -> tuple[int, str, str]:
    reader = Reader(payload)
    reader.integer(1)
    code = reader.integer(2)
    state = ""
    if payload[3:4] == b"#":
        state = reader.take(6)[1:].decode("latin1")
    return code, state, reader.rest().decode("utf8", "replace")


def is_err(packet: Packet) -> bool:
    return packet.first == 0xFF and len(packet.payload) < MAX_PAYLOAD


class ReplyReader:
    """Takes packets from `receive` until the reply to one command is complete."""

    def __init__(self, capabilities: Capability, receive: Callable[[], Packet], send_file: Callable[[Packet], None]):
        self.deprecate_eof = Capability.DEPRECATE_EOF in capabilities
        self.optional_metadata = Capability.OPTIONAL_RESULTSET_METADATA in capabilities
        self.receive = receive
        self.send_file = send_file

    def read(self, shape: Shape, into: list[Packet]) -> None:
        self.packets = into
        match shape:
            case Shape.NONE:
                pass
            case Shape.ONE:
                self._end_packet()
            case Shape.RESULTS:
                self._results(Role.TEXT_ROW)
            case Shape.BINARY_RESULTS:
                self._results(Role.BINARY_ROW)
            case Shape.PREPARE:
                self._prepare()
            case Shape.FETCH:
                self._rows(Role.BINARY_ROW)
            case Shape.FIELD_LIST:
                self._rows(Role.COLUMN)
            case Shape.STATISTICS:
                self._take(Role.STATISTICS)
            case Shape.CHANGE_USER:
                raise ValueError("COM_CHANGE_USER is a dialogue, see connection.py")

    def _take(self, role: Role) -> Packet:
        packet = self.receive()
        packet.role = Role.ERR if is_err(packet) else role
        self.packets.append(packet)
        return packet

    def _end_packet(self) -> None:
        packet = self._take(Role.OK)
        if packet.first == 0xFE and len(packet.payload) == 5:
            packet.role = Role.EOF

    def _results(self, row: Role) -> None:
        while self._result(row) & Status.MORE_RESULTS_EXISTS:
            pass

    def _result(self, row: Role) -> Status:
        """One result; the status says whether another one follows."""
        packet = self._take(Role.COLUMN_COUNT)
        if packet.role == Role.ERR:
            return Status(0)
        if packet.first == 0x00:
            packet.role = Role.OK
            return status_of(packet)
        if packet.first == 0xFB:
            packet.role = Role.LOCAL_INFILE
            self.send_file(packet)
            return self._result(row)
        reader = Reader(packet.payload)
        columns = reader.lenenc()
        if not self._columns(columns if not self.optional_metadata or reader.integer(1) else 0):
            return Status(0)
        if self.deprecate_eof:
            return self._rows(row)
        opening = self._take(Role.DEFINITIONS_EOF)
        status = status_of(opening)
        if opening.role == Role.ERR:
            return Status(0)
        if row == Role.BINARY_ROW and _opens_cursor(status):
            opening.role = Role.EOF
            return Status(0)
        # MySQL ends a resultset of OUT parameters without MORE_RESULTS_EXISTS although the OK packet is still to come.
        keep = status & Status.MORE_RESULTS_EXISTS if status & Status.PS_OUT_PARAMS else Status(0)
        last = self._rows(row)
        return last | keep if self.packets[-1].role != Role.ERR else last

    def _columns(self, count: int) -> bool:
        return all(self._take(Role.COLUMN).role != Role.ERR for _ in range(count))

    def _rows(self, role: Role) -> Status:
        while True:
            packet = self._take(role)
            if packet.role == Role.ERR:
                return Status(0)
            if packet.first == 0xFE and len(packet.payload) < (MAX_PAYLOAD if self.deprecate_eof else 9):
                packet.role = Role.OK if self.deprecate_eof else Role.EOF
                return status_of(packet)

    def _prepare(self) -> None:
        packet = self._take(Role.PREPARE_OK)
        if packet.role == Role.ERR:
            return
        reader = Reader(packet.payload)
        reader.take(5)
        columns, parameters = reader.integer(2), reader.integer(2)
        described = not self.optional_metadata or packet.payload[12:13] != b"\0"
        for count in (parameters, columns):
            if described and not self._columns(count):
                return
            if count and not self.deprecate_eof:
                self._take(Role.EOF)


def _opens_cursor(status: Status) -> bool:
    # MariaDB sets CURSOR_EXISTS also for a procedure's own cursor, with rows behind it. A cursor for the client comes alone.
    return Status.CURSOR_EXISTS in status and Status.MORE_RESULTS_EXISTS not in status


def status_of(packet: Packet) -> Status:
    if packet.role in (Role.EOF, Role.DEFINITIONS_EOF):
        return Status(int.from_bytes(packet.payload[3:5], "little"))
    if packet.role == Role.OK:
        reader = Reader(packet.payload)
        reader.integer(1)
        reader.lenenc()
        reader.lenenc()
        return Status(reader.integer(2))
    return Status(0)
