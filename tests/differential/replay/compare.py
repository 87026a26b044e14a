"""Compares two replays of a script, and shows the first difference so that nobody has to run it again to see it."""

import itertools
import re
from collections.abc import Callable

import wire
from wire import Packet, Role, Status

from .mask import masked
from .player import Entry
from .script import Mark, Script

# FOUND_ROWS() and ROW_COUNT() fail with error 1105 where the server session has served another client since, had to be
# asked for a variable, or was audited.
COUNT_IS_GONE = re.compile(rb"\xff\x51\x04#HY000lockstep: the server session of the previous statement ", re.S)

HEX_BYTES = 256
PACKETS = 12


def difference(
    script: Script,
    expected: list[Entry],
    actual: list[Entry],
    holds: Callable[[Mark], bool] = lambda mark: False,
    asks_more: bool = False,
) -> str:
    """Empty where the replays are equal, save steps whose mark holds.

    Where lockstep `asks_more` of server sessions than usual, counts may be gone, and no mark has to show.

    Statements after the first difference run in another state, so they show nothing.
    """
    for left, right in itertools.zip_longest(expected, actual):
        mark = left.step.mark if left else None
        if left and right and mark and holds(mark):
            problem = _marked_difference(mark, left, right, strict=not asks_more)
        elif left and right and asks_more and count_is_gone(right):
            return ""
        elif left is None or right is None or not _equal(left, right):
            problem = "answered otherwise"
        else:
            problem = ""
        if problem:
            step = (left or right).step
            where = f"{script.name}:{step.line}, client {(left or right).client}, {problem}: {_cut(step.text)}"
            return f"{where}\n{shown(left, right)}"
    return ""


def hangs_on_arrival(expected: list[Entry], actual: list[Entry]) -> bool:
    """Whether nothing differs but status flags in EOF packets behind definitions, which are those of before the statement
    where the end of the result arrives later: docs/differences.md. Another run need not show that again."""
    if len(expected) != len(actual):
        return False
    return all(_equal(left, right) or _differ_in_early_flags(left, right) for left, right in zip(expected, actual))


def _differ_in_early_flags(left: Entry, right: Entry) -> bool:
    if left.reply.broken or right.reply.broken or len(left.reply.packets) != len(right.reply.packets):
        return False
    pairs = zip(left.reply.packets, contents(left), contents(right))
    return all(one == other or packet.role is Role.DEFINITIONS_EOF for packet, one, other in pairs)


def first_difference(expected: list[Entry], actual: list[Entry], alike: Callable[[int], bool]) -> int | None:
    """`alike` tells of unequal entries whether they may be so."""
    for index, (left, right) in enumerate(itertools.zip_longest(expected, actual)):
        if left is None or right is None or not (_equal(left, right) or alike(index)):
            return index
    return None


def count_is_gone(entry: Entry) -> bool:
    return bool(entry.reply.packets) and COUNT_IS_GONE.match(entry.reply.packets[-1].payload) is not None


def contents(entry: Entry) -> list[tuple[int, bytes]]:
    """What is compared of a reply."""
    content = without_metadata_changed if entry.step.verb == "execute" else masked
    return [(0 if entry.login else packet.sequence, content(packet)) for packet in entry.reply.packets]


def without_metadata_changed(packet: Packet) -> bytes:
    """METADATA_CHANGED, at the end of an execution's rows, depends on who has used the statement on that server session."""
    payload = masked(packet)
    # The status flags of an EOF packet lie where those of such an OK do.
    if packet.role not in (Role.OK, Role.EOF, Role.DEFINITIONS_EOF) or not payload.startswith(b"\xfe") or len(payload) < 5:
        return payload
    return payload[:4] + bytes([payload[4] & ~(Status.METADATA_CHANGED >> 8)]) + payload[5:]


def shown(left: Entry | None, right: Entry | None) -> str:
    return "\n".join([*_shown("direct", left, right), *_shown("lockstep", right, left)])


def _marked_difference(mark: Mark, left: Entry, right: Entry, strict: bool) -> str:
    if left.step.text != right.step.text or right.reply.broken not in ("", "closed"):
        return "not answered to the end"
    if strict and mark.always and _equal(left, right):
        return f"answered alike, though marked with \"{mark.reason}\""
    return ""


def broken_step(script: Script, entries: list[Entry]) -> str:
    """Empty unless a reply misses its end although the script itself did not ask for that by a KILL."""
    for entry in entries:
        if entry.reply.broken and entry.reply.broken != "closed":
            return f"{script.name}:{entry.step.line}: {entry.reply.broken}: {_cut(entry.step.text)}"
    return ""


def _equal(left: Entry, right: Entry) -> bool:
    if left.step.text != right.step.text or left.reply.broken != right.reply.broken:
        return False
    return contents(left) == contents(right)


def _shown(who: str, entry: Entry | None, other: Entry | None) -> list[str]:
    """The packets of one side; a `!` stands in front of those that the other side does not have at that place."""
    if entry is None:
        return [f"  {who}: nothing"]
    reply = entry.reply
    lines = [f"  {who}: {_cut(entry.step.text)}" + (f" ({reply.broken})" if reply.broken else "")]
    others = contents(other) if other else []
    for packet, content, opposite in itertools.zip_longest(reply.packets[:PACKETS], contents(entry)[:PACKETS], others[:PACKETS]):
        if packet is None:
            break
        lines.append(f"  {' ' if content == opposite else '!'} {wire.describe(packet)}")
        lines.append(f"      {packet.payload[:HEX_BYTES].hex(' ')}{' …' if len(packet.payload) > HEX_BYTES else ''}")
    if len(reply.packets) > PACKETS:
        lines.append(f"    … {len(reply.packets)} packets")
    return lines


def _cut(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"
