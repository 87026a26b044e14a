"""Answers of lockstep that docs/differences.md announces. What follows in the session then shows nothing."""

import re

from replay.compare import contents
from replay.player import Entry
from wire import Packet, Role, Status
from wire.codec import Reader

# FOUND_ROWS() and ROW_COUNT() fail with error 1105 where the server session has served another client since, or had to
# be asked for a variable.
COUNT_IS_GONE = re.compile(rb"\xff\x51\x04#HY000lockstep: the server session of the previous statement ", re.S)

# Catalog, then no schema, no table twice, and a name that begins with @.
USER_VARIABLE = re.compile(rb"\x03def\0\0\0.@[^@]", re.S)
AT_ROW = re.compile(rb" at row \d+")


def excused(expected: Entry | None, actual: Entry | None) -> bool:
    if actual is None or not actual.reply.packets:
        return False
    return COUNT_IS_GONE.match(actual.reply.packets[-1].payload) is not None


# What --ignore leaves out of the comparison, to search on while differences of one kind are not mended.
IGNORABLE = {
    "reports": "session state in OK packets, and the flag that announces it",
    "flags": "status flags of EOF packets behind definitions",
    "unset": "definitions of columns that are user variables, which show whether a session has ever named them",
    "warnings": "counts of warnings in OK and EOF packets",
}


def alike(left: Entry, right: Entry, ignore: frozenset[str] = frozenset()) -> bool:
    """Whether two unequal replies differ only in what may differ, with the same state behind both."""
    if ignore and _reduced(left, ignore) == _reduced(right, ignore):
        return left.reply.broken == right.reply.broken
    if len(left.reply.packets) != len(right.reply.packets) or left.reply.broken or right.reply.broken:
        return False
    if left.login and not left.step.verb == "change_user":
        return _without_warnings(left) == _without_warnings(right)
    if left.reply.error and right.reply.error:
        pairs = zip(left.reply.packets, right.reply.packets, contents(left), contents(right))
        return all(one == other or _alike_in_error(packet, opposite) for packet, opposite, one, other in pairs)
    return False


def _alike_in_error(left: Packet, right: Packet) -> bool:
    # Without CLIENT_DEPRECATE_EOF, the EOF packet in front of the rows has older status flags where the reply ends in an error.
    if left.role == right.role == Role.DEFINITIONS_EOF:
        return True
    # MariaDB does not reset its count of rows for a parameter of CALL: it is that of any statement before.
    return left.role == right.role == Role.ERR and AT_ROW.sub(b"", left.payload) == AT_ROW.sub(b"", right.payload)


def _without_warnings(entry: Entry) -> list[bytes]:
    """MariaDB tells one warning at some logins and none at others."""
    return [
        payload[:5] + payload[7:] if packet.role == Role.OK else payload
        for packet, (_, payload) in zip(entry.reply.packets, contents(entry))
    ]


def _reduced(entry: Entry, ignore: frozenset[str]) -> list[bytes]:
    packets = entry.reply.packets
    result = []
    for index, (packet, (_, payload)) in enumerate(zip(packets, contents(entry))):
        if packet.role in (Role.OK, Role.EOF, Role.DEFINITIONS_EOF) and len(payload) >= 5:
            reader = Reader(payload)
            head = reader.take(1)
            if packet.role == Role.OK:
                head += bytes([reader.lenenc() & 0xFF, reader.lenenc() & 0xFF])
                status, warnings = reader.integer(2), reader.integer(2)
            else:
                warnings, status = reader.integer(2), reader.integer(2)
            rest = reader.rest()
            if "reports" in ignore:
                status &= ~Status.SESSION_STATE_CHANGED
                rest = Reader(rest).string() if rest else b""
            behind_definitions = index > 0 and packets[index - 1].role == Role.COLUMN
            if "flags" in ignore and (packet.role == Role.DEFINITIONS_EOF or packet.role == Role.EOF and behind_definitions):
                status = 0
            if "warnings" in ignore:
                warnings = 0
            payload = head + bytes([status & 0xFF, status >> 8 & 0xFF]) + warnings.to_bytes(2, "little") + rest
        if packet.role == Role.COLUMN and "unset" in ignore and USER_VARIABLE.match(payload):
            continue
        result.append(payload)
    return result
