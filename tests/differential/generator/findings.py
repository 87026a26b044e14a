"""What is played and what is found: plain values that workers, the shrinker and the report share."""

import collections
import dataclasses

import wire
from replay.player import Entry

from .model import Item


@dataclasses.dataclass
class Difference:
    """The first reply that differs: `item` is the step's index, or -1 for a login or an end."""

    item: int
    left: Entry | None
    right: Entry | None
    # docs/differences.md names it, and what follows shows nothing.
    excused: bool

    def kind(self, items: list[Item]) -> str:
        """What differences of one cause are likely to share."""
        production = items[self.item].production if self.item >= 0 else "login"
        return f"{production}: {outcome(self.left)} / {outcome(self.right)}"


def outcome(entry: Entry | None) -> str:
    if entry is None:
        return "nothing"
    if entry.reply.broken:
        return entry.reply.broken.split(":")[0]
    if entry.reply.error:
        return f"error {entry.reply.error[0]}"
    return "OK" if [packet.role for packet in entry.reply.packets] == [wire.Role.OK] else "rows"


@dataclasses.dataclass
class Written:
    """One session as it was generated."""

    name: str
    items: list[Item]
    caps: str
    logins: dict[str, str]


@dataclasses.dataclass
class Finding:
    session: str
    policy: str
    kind: str
    script: str
    replies: str
    notes: list[str]


@dataclasses.dataclass
class Result:
    statements: int = 0
    sessions: int = 0
    excused: int = 0
    # How the steps of the direct runs ended: shows whether the generator writes what servers understand.
    outcomes: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    # Kinds of differences that were seen again after one of them had been shrunk.
    repeated: list[str] = dataclasses.field(default_factory=list)
    findings: list[Finding] = dataclasses.field(default_factory=list)
    failures: list[str] = dataclasses.field(default_factory=list)


def items_text(items: list[Item], index: int) -> str:
    return f"client {items[index].client}: {items[index].text}" if index >= 0 else "login or end"
