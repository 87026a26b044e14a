"""Binary prepared statements: the payloads of COM_STMT_* and the encoding of typed parameters."""

import dataclasses
import struct

from .codec import Capability, Command, Reader, lenenc, lenenc_string
from .connection import Connection
from .reply import Reply, Role

UNSIGNED = 0x8000
LONG_DATA_TYPE = 0xFC


@dataclasses.dataclass
class Parameter:
    """A value in the encoding of its type; None is NULL. Long data was sent before, so EXECUTE carries only its type."""

    type: int
    value: bytes | None
    long_data: bool = False


class Statement:
    def __init__(self, connection: Connection, sql: bytes):
        self.connection = connection
        self.reply = connection.command(Command.COM_STMT_PREPARE, sql)
        self.id = 0
        self.parameters = 0
        if self.reply.packets and self.reply.packets[0].role == Role.PREPARE_OK and not self.reply.broken:
            reader = Reader(self.reply.packets[0].payload[1:])
            self.id, _, self.parameters = reader.integer(4), reader.integer(2), reader.integer(2)

    def execute(self, values: list[Parameter], cursor: bool = False, send_types: bool = True) -> Reply:
        payload = struct.pack("<IBI", self.id, 1 if cursor else 0, 1)
        if values or self.parameters:
            payload += self._parameters(values, send_types)
        return self.connection.command(Command.COM_STMT_EXECUTE, payload)

    def send_long_data(self, index: int, data: bytes) -> Reply:
        return self.connection.command(Command.COM_STMT_SEND_LONG_DATA, struct.pack("<IH", self.id, index) + data)

    def fetch(self, rows: int) -> Reply:
        return self.connection.command(Command.COM_STMT_FETCH, struct.pack("<II", self.id, rows))

    def reset(self) -> Reply:
        return self.connection.command(Command.COM_STMT_RESET, struct.pack("<I", self.id))

    def close(self) -> Reply:
        return self.connection.command(Command.COM_STMT_CLOSE, struct.pack("<I", self.id))

    def _parameters(self, values: list[Parameter], send_types: bool) -> bytes:
        named = Capability.QUERY_ATTRIBUTES in self.connection.capabilities
        nulls = bytearray((len(values) + 7) // 8)
        for index, parameter in enumerate(values):
            if parameter.value is None and not parameter.long_data:
                nulls[index // 8] |= 1 << index % 8
        payload = (lenenc(len(values)) if named else b"") + bytes(nulls) + bytes([send_types])
        if send_types:
            payload += b"".join(struct.pack("<H", p.type) + (b"\0" if named else b"") for p in values)
        return payload + b"".join(p.value for p in values if p.value is not None and not p.long_data)


def parameter(text: str) -> Parameter:
    """Reads `kind:value`, as scripts write it: int:5, uint:5, tiny:1, short:1, long:1, float:1.5, double:1.5, str:text, hex:00ff,
    date:2020-02-03, datetime:2020-02-03 04:05:06.7, time:-30:00:01, null, data (sent before as long data)."""
    kind, _, value = text.partition(":")
    match kind:
        case "null":
            return Parameter(0x06, None)
        case "data":
            return Parameter(LONG_DATA_TYPE, None, long_data=True)
        case "int":
            return Parameter(0x08, struct.pack("<q", int(value)))
        case "uint":
            return Parameter(0x08 | UNSIGNED, struct.pack("<Q", int(value)))
        case "tiny":
            return Parameter(0x01, struct.pack("<b", int(value)))
        case "short":
            return Parameter(0x02, struct.pack("<h", int(value)))
        case "long":
            return Parameter(0x03, struct.pack("<i", int(value)))
        case "float":
            return Parameter(0x04, struct.pack("<f", float(value)))
        case "double":
            return Parameter(0x05, struct.pack("<d", float(value)))
        case "str":
            return Parameter(0xFD, lenenc_string(value.encode()))
        case "hex":
            return Parameter(0xFC, lenenc_string(bytes.fromhex(value)))
        case "date":
            return Parameter(0x0A, _date(value))
        case "datetime":
            return Parameter(0x0C, _datetime(value))
        case "time":
            return Parameter(0x0B, _time(value))
    raise ValueError(f"{text}: no such kind of parameter")


def _date(value: str) -> bytes:
    year, month, day = (int(part) for part in value.split("-"))
    return struct.pack("<BHBB", 4, year, month, day)


def _datetime(value: str) -> bytes:
    day, _, clock = value.partition(" ")
    hour, minute, second, micro = _clock(clock)
    fields = _date(day)[1:] + struct.pack("<BBB", hour, minute, second)
    fields += struct.pack("<I", micro) if micro else b""
    return bytes([len(fields)]) + fields


def _time(value: str) -> bytes:
    hour, minute, second, micro = _clock(value.lstrip("-"))
    fields = struct.pack("<BIBBB", value.startswith("-"), hour // 24, hour % 24, minute, second)
    fields += struct.pack("<I", micro) if micro else b""
    return bytes([len(fields)]) + fields


def _clock(value: str) -> tuple[int, int, int, int]:
    hour, minute, seconds = value.split(":")
    second, _, fraction = seconds.partition(".")
    return int(hour), int(minute), int(second), int(fraction.ljust(6, "0")) if fraction else 0
