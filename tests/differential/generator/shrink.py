"""Makes the session that differs as short as it gets while it still differs."""

import dataclasses
import re
import time
import typing

from replay.lockstep import Lockstep
from replay.player import Entry

from . import text
from .findings import Difference, Finding, Written
from .model import Item

# Longest wait for a reply: longer than any wait for a lock.
REPLY_SECONDS = 8
# How many sessions before the one that differs are looked at, for how long, and how many steps of them are worth reading.
HISTORY = 12
HISTORY_SECONDS = 20
HISTORY_STEPS_SHOWN = 40

if typing.TYPE_CHECKING:
    from .worker import Worker


class Shrinker:
    def __init__(self, worker: "Worker", written: Written, proxy: Lockstep, found: Difference):
        self.worker = worker
        self.written = written
        self.proxy = proxy
        self.found = found
        self.before: list[Written] = []
        self.deadline = time.monotonic() + worker.shrink_seconds

    def finding(self) -> Finding:
        notes = []
        began = time.monotonic()
        # Nothing behind the difference matters.
        self._keep(self.written.items[: self.found.item + 1] if self.found.item >= 0 else self.written.items)
        if not self._reproduces():
            self.before = self._history()
            if not self.before and not self._reproduces():
                self.worker.shrink_seconds -= time.monotonic() - began
                return self.worker._finding(
                    self.written, self.proxy, self.found, ["does not happen again: not even behind the sessions before it"]
                )
            if self.before:
                notes.append(self._said_of_history())
        self._drop_steps()
        self._join_clients()
        self._shorten_texts()
        self._drop_steps()
        if time.monotonic() > self.deadline:
            notes.append("shrinking took too long: perhaps not the shortest")
        self.worker.shrink_seconds -= time.monotonic() - began
        left = [self._with_own_names(drop) for drop, name in self.worker.left() if self._is_extra(name)]
        return self.worker._finding(self.written, self.proxy, self.found, notes, left)

    def _with_own_names(self, statement: str) -> str:
        return statement.replace(self.worker.schema + ".", "").replace(self.worker.schema, "differential")

    def _is_extra(self, name: str) -> bool:
        return name not in self.worker.base_names()

    # Trying

    def _try(
        self, items: list[Item], caps: str = "", before: list[Written] | None = None, logins: dict[str, str] | None = None
    ) -> bool:
        """Whether the session differs with only these steps; if so, it is these from now on."""
        if time.monotonic() > self.deadline or not items:
            return False
        candidate = dataclasses.replace(
            self.written, items=items, caps=caps or self.written.caps, logins=self.written.logins if logins is None else logins
        )
        try:
            expected = self._direct(candidate)
            self.worker.restart(self.proxy)
            for one in self.before if before is None else before:
                self.worker.play(one, self.proxy.address, REPLY_SECONDS)
            actual = self.worker.play(candidate, self.proxy.address, REPLY_SECONDS)
        except (KeyError, ValueError, OSError):
            # A step without the one that it needs: a statement, a connection.
            return False
        found = self.worker.difference(expected, actual, candidate.caps)
        if found is None or found.excused or self._differs_by_itself(candidate, expected):
            return False
        if found.item >= 0:
            candidate.items = items[: found.item + 1]
        self.written, self.found = candidate, found
        if before is not None:
            self.before = before
        return True

    def _differs_by_itself(self, candidate: Written, expected: list[Entry]) -> bool:
        """Two direct runs differ, too: what has been left out was there to prevent that."""
        return self.worker.difference(expected, self._direct(candidate), candidate.caps) is not None

    def _keep(self, items: list[Item]) -> None:
        self.written = dataclasses.replace(self.written, items=items)

    def _direct(self, candidate: Written) -> list[Entry]:
        return self.worker.play(candidate, self.worker.address, REPLY_SECONDS)

    def _reproduces(self) -> bool:
        return self._try(self.written.items)

    def _history(self) -> list[Written]:
        """The sessions before this one that it takes, as few as possible."""
        history = self.worker.history
        deadline, self.deadline = self.deadline, min(self.deadline, time.monotonic() + HISTORY_SECONDS)
        try:
            return self._shortest_of(history)
        finally:
            self.deadline = deadline

    def _shortest_of(self, history: list[Written]) -> list[Written]:
        count = 1
        while True:
            before = history[-count:]
            if before and self._try(self.written.items, before=before):
                break
            if count >= min(len(history), HISTORY):
                return []
            count *= 2
        for one in list(self.before):
            self._try(self.written.items, before=[other for other in self.before if other is not one])
        for index, one in enumerate(self.before):
            groups = grouped(one.items)
            size = len(groups) // 2
            while size >= 1:
                at = 0
                while at < len(groups):
                    fewer = [item for group in groups[:at] + groups[at + size :] for item in group]
                    shorter = [*self.before[:index], dataclasses.replace(one, items=fewer), *self.before[index + 1 :]]
                    if self._try(self.written.items, before=shorter):
                        groups = groups[:at] + groups[at + size :]
                    else:
                        at += size
                size //= 2
        return self.before

    def _said_of_history(self) -> str:
        names = ", ".join(one.name for one in self.before)
        if sum(len(one.items) for one in self.before) > HISTORY_STEPS_SHOWN:
            return f"happens only behind these sessions: {names}"
        scripts = [
            text.render(one.items, one.logins, one.name, self.worker.kind, self.worker.options.clients, []) for one in self.before
        ]
        return "happens only behind these sessions:\n" + "\n".join(scripts)

    # Shortening

    def _drop_steps(self) -> None:
        """Delta debugging over the groups of steps, from the end, since later steps need earlier ones."""
        size = max(1, len(grouped(self.written.items)) // 2)
        while True:
            at = len(grouped(self.written.items)) - size
            dropped = False
            while at > -size:
                groups = grouped(self.written.items)
                fewer = groups[: max(at, 0)] + groups[at + size :]
                if self._try([item for group in fewer for item in group]):
                    dropped = True
                at = min(at - size, len(grouped(self.written.items)) - size)
            if size == 1 and not dropped:
                return
            size = max(1, size // 2)
            if time.monotonic() > self.deadline:
                return

    def _join_clients(self) -> None:
        """One client where that does, the others with the lowest numbers; and the capabilities of a present-day client."""
        names = sorted({item.client for item in self.written.items})
        for name in names[1:]:
            joined = [dataclasses.replace(item, client=names[0]) if item.client == name else item for item in self.written.items]
            self._try(joined)
        first = min(item.client for item in self.written.items)
        if first != "1":
            own_tables = re.compile(rf"\b([tm]){first}\b")
            renamed = [dataclasses.replace(item, client="1", text=own_tables.sub(r"\g<1>1", item.text)) for item in self.written.items]
            self._try([new if old.client == first else old for old, new in zip(self.written.items, renamed)])
        for name in [name for name, options in self.written.logins.items() if options]:
            self._try(self.written.items, logins=self.written.logins | {name: ""})
        if self.written.caps != "modern":
            self._try(self.written.items, caps="modern")

    def _shorten_texts(self) -> None:
        for index in range(len(self.written.items) - 1, -1, -1):
            progress = True
            while progress and index < len(self.written.items):
                progress = False
                item = self.written.items[index]
                for shorter in shortened(item.text):
                    items = list(self.written.items)
                    items[index] = dataclasses.replace(item, text=shorter)
                    if self._try(items):
                        progress = True
                        break


def grouped(items: list[Item]) -> list[list[Item]]:
    groups: list[list[Item]] = []
    for item in items:
        if groups and groups[-1][0].group == item.group:
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def shortened(one: str):
    """Texts that leave out a part, the largest parts first."""
    for mark in ("; ", ", "):
        parts = one.split(mark)
        for index in range(len(parts)):
            if len(parts) > 1:
                fewer = parts[:index] + parts[index + 1 :]
                if mark == ", " and index == 0:
                    # The first of a list stands behind the word that opens it.
                    opening = re.match(r"(\\\w+ \w+ )?(\w+ (NAMES )?)", parts[0])
                    if opening is None:
                        continue
                    fewer[0] = opening[0] + fewer[0]
                yield mark.join(fewer)
    for pattern in (
        r" (WHERE|LIMIT|COLLATE|ORDER BY) .*$",
        r"^.*?;\s*",
        r"/\*.*?\*/ ?",
        r" -- .*$",
        r"^BEGIN NOT ATOMIC (.*); END$",
    ):
        shorter = re.sub(pattern, r"\1" if "ATOMIC" in pattern else "", one)
        # A SHOW of everything shows what changes by itself.
        if shorter and shorter != one and "SHOW" not in one:
            yield shorter
