"""Says in words what a packet holds, for people who read a failed comparison."""

from .codec import Reader, Status
from .reply import Packet, Role, parse_error

TRACKERS = {
    0: "SYSTEM_VARIABLES",
    1: "SCHEMA",
    2: "STATE_CHANGE",
    3: "GTIDS",
    4: "TRANSACTION_CHARACTERISTICS",
    5: "TRANSACTION_STATE",
}
SHOWN_BYTES = 200


def describe(packet: Packet) -> str:
    try:
        text = _describe(packet)
    except ValueError as problem:
        text = f"malformed ({problem})"
    name = packet.role.value if packet.role else "packet"
    return f"#{packet.sequence} {name}: {text}"


def _describe(packet: Packet) -> str:
    match packet.role:
        case Role.OK:
            return _ok(packet.payload)
        case Role.EOF | Role.DEFINITIONS_EOF:
            warnings, status = (int.from_bytes(packet.payload[at : at + 2], "little") for at in (1, 3))
            return f"status {_flags(status)}, {warnings} warnings"
        case Role.ERR:
            code, state, message = parse_error(packet.payload)
            return f"{code} ({state}) {message}"
        case Role.COLUMN_COUNT:
            return str(Reader(packet.payload).lenenc())
        case Role.COLUMN:
            return _column(packet.payload)
        case Role.TEXT_ROW:
            return _row(packet.payload)
        case Role.PREPARE_OK:
            return _prepare_ok(packet.payload)
        case _:
            return _shown(packet.payload)


def _ok(payload: bytes) -> str:
    reader = Reader(payload)
    reader.integer(1)
    affected, insert_id = reader.lenenc(), reader.lenenc()
    status, warnings = reader.integer(2), reader.integer(2)
    parts = [f"{affected} affected, insert id {insert_id}, status {_flags(status)}, {warnings} warnings"]
    if reader:
        parts.append(f"info {_shown(reader.string())}")
    if reader:
        parts += [f"{TRACKERS.get(kind, kind)}={_shown(data)}" for kind, data in state_items(reader.string())]
    return ", ".join(parts)


def state_items(block: bytes) -> list[tuple[int, bytes]]:
    """Kind and data of each item of the session state block of an OK packet."""
    reader = Reader(block)
    items = []
    while reader:
        kind = reader.integer(1)
        items.append((kind, reader.string()))
    return items


def _column(payload: bytes) -> str:
    reader = Reader(payload)
    _, schema, table, _, name, _ = (reader.string() for _ in range(6))
    reader.integer(1)
    charset, length, kind, flags, decimals = (reader.integer(size) for size in (2, 4, 1, 2, 1))
    where = ".".join(_shown(part) for part in (schema, table, name) if part)
    return f"{where} type {kind:#x} charset {charset} length {length} flags {flags:#x} decimals {decimals}"


def _row(payload: bytes) -> str:
    reader = Reader(payload)
    values = []
    while reader:
        value = reader.string_or_null()
        values.append("NULL" if value is None else _shown(value))
    return " | ".join(values)


def _prepare_ok(payload: bytes) -> str:
    reader = Reader(payload)
    reader.integer(1)
    statement, columns, parameters = reader.integer(4), reader.integer(2), reader.integer(2)
    return f"statement {statement}, {columns} columns, {parameters} parameters, rest {_shown(reader.rest())}"


def _flags(status: int) -> str:
    names = [flag.name for flag in Status if status & flag]
    return f"{status:#06x} ({' '.join(names)})"


def _shown(data: bytes) -> str:
    if len(data) > SHOWN_BYTES:
        return f"{_shown(data[:SHOWN_BYTES])}… ({len(data)} bytes)"
    text = data.decode("utf8", "backslashreplace")
    return text if text.isprintable() else repr(data)[1:]
