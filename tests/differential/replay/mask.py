"""What two runs of one script may differ in. Everything else is compared byte by byte.

| masked                                    | why two runs differ                                              |
|-------------------------------------------|------------------------------------------------------------------|
| statement id in the reply to PREPARE      | counted per server session; lockstep counts per client session   |
| statement id in errors 1243 and 1421      | the same number again, or one that MariaDB counts server-wide    |
|  also in rows: of SHOW WARNINGS, of @text  |  (GET DIAGNOSTICS)                                               |
| numbers in the text of COM_STATISTICS     | uptime and counters of the whole server                          |
| reported value of statement_id, last_gtid | counted per server, so the first run moves what the second sees  |
| contents of the GTIDS tracker             | the same: each run writes under new GTIDs                        |
| order of the reported system variables    | MariaDB's is that of a hash table of all names that are tracked  |
| in the EOF packet before the rows: count  | lockstep writes that packet itself, before it has seen the end   |
|  of warnings, NO_INDEX, STATE_CHANGED     | of the rows, which tells them; the EOF behind them has all       |
"""

import re

from wire import Packet, Role, Status
from wire.codec import Reader, lenenc, lenenc_string
from wire.describe import state_items
from wire.reply import status_of

SYSTEM_VARIABLES = 0
GTIDS = 3
COUNTED_VARIABLES = (b"statement_id", b"last_gtid")
# ER_UNKNOWN_STMT_HANDLER and ER_STMT_HAS_NO_OPEN_CURSOR.
NAME_STATEMENTS = (b"\xff\xdb\x04", b"\xff\x8d\x05")
# The same texts as a value, with the byte of its length.
STATEMENT_IN_ROW = re.compile(rb".(The statement \(|Unknown prepared statement handler \()\d+(?=\))", re.S)
KNOWN_AT_THE_END = (
    Status.NO_GOOD_INDEX_USED | Status.NO_INDEX_USED | Status.QUERY_WAS_SLOW | Status.SESSION_STATE_CHANGED
)
MASK = b"masked"


def masked(packet: Packet) -> bytes:
    """The payload with its variable parts replaced, equal for equal behaviour."""
    payload = packet.payload
    try:
        match packet.role:
            case Role.PREPARE_OK:
                return payload[:1] + bytes(4) + payload[5:]
            case Role.ERR if payload.startswith(NAME_STATEMENTS):
                return payload[:9] + re.sub(rb"\d+", MASK, payload[9:])
            case Role.TEXT_ROW | Role.BINARY_ROW:
                return STATEMENT_IN_ROW.sub(MASK, payload)
            case Role.STATISTICS:
                return re.sub(rb"[\d.]+", MASK, payload)
            case Role.DEFINITIONS_EOF:
                status = status_of(packet) & ~KNOWN_AT_THE_END
                return payload[:1] + bytes(2) + status.to_bytes(2, "little") + payload[5:]
            case Role.OK:
                return _masked_ok(payload)
    except ValueError:
        # A packet that does not parse is compared as it is, and the report calls it malformed.
        pass
    return payload


def _masked_ok(payload: bytes) -> bytes:
    reader = Reader(payload)
    reader.integer(1)
    reader.lenenc()
    reader.lenenc()
    reader.integer(4)
    if not reader:
        return payload
    reader.string()
    if not reader:
        return payload
    head = payload[: reader.at]
    # Sorting keeps the order of the kinds, which is fixed, and of all items of other kinds.
    items = sorted(state_items(reader.string()), key=lambda item: item if item[0] == SYSTEM_VARIABLES else (SYSTEM_VARIABLES + 1,))
    items = b"".join(bytes([kind]) + lenenc_string(_masked_item(kind, data)) for kind, data in items)
    return head + lenenc(len(items)) + items + reader.rest()


def _masked_item(kind: int, data: bytes) -> bytes:
    if kind == GTIDS:
        return MASK
    if kind == SYSTEM_VARIABLES:
        name = Reader(data).string()
        if name in COUNTED_VARIABLES:
            return lenenc_string(name) + MASK
    return data
