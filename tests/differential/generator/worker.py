"""One worker: a schema of its own on one server, one lockstep per policy, and sessions one after the other.

Sessions of a worker go through the same lockstep, so each finds the server sessions that the ones before have left."""

import pathlib
import re

import wire
from replay import compare, script
from replay.lockstep import Lockstep
from replay.player import Entry, Player
from wire import Capability, Connection

from . import excuses, text
from .findings import Difference, Finding, Result, Written, items_text, outcome
from .grammar.variables import everything
from .model import Session
from .shrink import Shrinker

CONTROL_WAIT_SECONDS = 20
START_TRIES = 5
DEFINES = re.compile(r"\b(CREATE|DROP|ALTER|RENAME)\b(?! TEMPORARY)", re.I)
LOCK_NAMES = re.compile(r"'(differential_[ab]\d)'")

LEFT = """
SELECT CONCAT('DROP ', IF(table_type = 'VIEW', 'VIEW', 'TABLE'), ' IF EXISTS ', '{schema}.`', table_name, '`'), table_name
  FROM information_schema.tables WHERE table_schema = '{schema}' AND table_type <> 'TEMPORARY'
UNION SELECT CONCAT('DROP ', routine_type, ' {schema}.`', routine_name, '`'), routine_name
  FROM information_schema.routines WHERE routine_schema = '{schema}'
UNION SELECT CONCAT('DROP DATABASE `', schema_name, '`'), ''
  FROM information_schema.schemata WHERE schema_name LIKE '{schema}\\_%'
"""


class GeneratedPlayer(Player):
    """Logs in to the worker's schema."""

    def __init__(self, steps: list[script.Step], address, capabilities: Capability, timeout: float, schema: str):
        super().__init__(script.Script("generated", steps, [], ""), address, capabilities, timeout)
        self.schema = schema

    def _connect(self, step, options):
        try:
            super()._connect(step, {"db": self.schema} | options)
        except ConnectionError:
            # A lockstep that has ended refuses connections; that is a reply like any other one, and the worst.
            self.entries.append(Entry(step, self.current, wire.Reply(broken="closed"), login=True))


class Worker:
    def __init__(self, number: int, kind: str, address, options, productions, capability_sets: dict, folder: pathlib.Path):
        self.schema = f"generated_{number}"
        self.kind = kind
        self.address = address
        self.options = options
        self.productions = productions
        self.capability_sets = capability_sets
        self.control = Connection(address)
        self.proxies = [] if options.self_check else [self._lockstep(policy, folder) for policy in options.policy]
        self.result = Result()
        self.seen: set[str] = set()
        self.history: list[Written] = []
        self.dirty = ""
        self.shrink_seconds = float(options.shrink_seconds)

    def _lockstep(self, policy: str, folder: pathlib.Path) -> Lockstep:
        settings = {"pool": {"connections_max": self.options.connections}} if self.options.connections else {}
        if self.options.audit:
            settings["audit"] = {"one_in": 1}
        return Lockstep(self.options.lockstep, self.address, policy, folder / f"{self.schema}-{policy}", settings)

    def start(self) -> None:
        self._run(f"SET SESSION lock_wait_timeout = {CONTROL_WAIT_SECONDS}, innodb_lock_wait_timeout = {CONTROL_WAIT_SECONDS}")
        self._make_schema()
        for proxy in self.proxies:
            start(proxy)

    def close(self) -> None:
        for proxy in self.proxies:
            problem = proxy.stop()
            if problem:
                self.result.failures.append(f"{self.kind}/{proxy.policy}: {problem}\n{proxy.log_tail()}")
        self._drop_schemas()
        self._run(f"DROP DATABASE IF EXISTS {self.schema}")
        self.control.quit()

    def run(self, index: int) -> None:
        options = self.options
        seed = f"{options.seed}/{self.kind}/{index}"
        session = Session(seed, self.kind, options.clients, options.caps, self.productions, options.definitions)
        written = Written(f"{self.kind}:{index}", session.write(options.steps, everything), session.caps, session.logins)
        if options.show:
            print(text.render(written.items, written.logins, f"session {written.name}", self.kind, options.clients, []))
        expected = self.play(written, self.address)
        self.result.sessions += 1
        self.result.statements += len(written.items)
        for entry in expected:
            self.result.outcomes[outcome(entry)] += 1
        answered = sum(not item.text.startswith(("\\file", "\\encoding")) for item in written.items)
        if len(expected) < answered:
            self.result.failures.append(f"{written.name}: direct: {len(expected)} of {answered} steps were played")
        broken = next((entry for entry in expected if entry.reply.broken not in ("", "closed")), None)
        if broken:
            self.result.failures.append(f"{written.name}: direct: {broken.reply.broken}: {broken.step.text}")
        if options.self_check:
            self._judge(written, expected, self.play(written, self.address), None)
        for proxy in self.proxies:
            actual = self.play(written, proxy.address)
            if options.audit:
                self._judge_drifts(written, proxy)
            self._judge(written, expected, actual, proxy)
        self.history.append(written)

    def _judge(self, written: Written, expected: list[Entry], actual: list[Entry], proxy: Lockstep | None) -> None:
        found = self.difference(expected, actual, written.caps)
        if found is None:
            return
        if found.excused:
            self.result.excused += 1
            return
        kind = found.kind(written.items)
        if kind in self.seen or self.shrink_seconds <= 0 or proxy is None:
            if kind in self.seen:
                self.result.repeated.append(f"{written.name}: {kind}")
            else:
                self.result.findings.append(self._finding(written, proxy, found, ["not shrunk"]))
            self.seen.add(kind)
        else:
            self.seen.add(kind)
            self.result.findings.append(Shrinker(self, written, proxy, found).finding())
        if proxy:
            # What the difference left in the pool is not to show in the sessions behind it.
            self.restart(proxy)
            self.history.clear()

    def _judge_drifts(self, written: Written, proxy: Lockstep) -> None:
        for line in proxy.drifts():
            kind = f"drift: {line.split(': ', 1)[-1]}"
            if kind not in self.seen:
                title = f"found by generate: seed {self.options.seed}, session {written.name}, {proxy.policy}"
                rendered = text.render(written.items, written.logins, title, self.kind, self.options.clients, [])
                self.result.failures.append(f"{written.name}/{proxy.policy}: {line}\n{rendered}")
            self.seen.add(kind)

    def _finding(
        self, written: Written, proxy: Lockstep | None, found: Difference, notes: list[str], left: list[str] = []
    ) -> Finding:
        policy = proxy.policy if proxy else "direct"
        title = f"found by generate: seed {self.options.seed}, session {written.name}, {policy}, caps {written.caps}"
        return Finding(
            written.name,
            policy,
            found.kind(written.items),
            text.render(written.items, written.logins, title, self.kind, self.options.clients, left),
            f"at step: {items_text(written.items, found.item)}\n{compare.shown(found.left, found.right)}",
            notes,
        )

    # Playing

    def play(self, written: Written, address, timeout: float = 0) -> list[Entry]:
        self.prepare()
        steps = text.steps(written.items, written.logins, self.schema)
        joined = "\n".join(item.text for item in written.items)
        self.dirty = f"{self.dirty}\n{joined}"
        player = GeneratedPlayer(steps, address, self.capability_sets[written.caps], timeout or self.options.timeout, self.schema)
        return player.play()

    def difference(self, expected: list[Entry], actual: list[Entry], caps: str) -> Difference | None:
        def case(index: int) -> excuses.Case:
            return excuses.Case(self.kind, self.capability_sets[caps], expected, actual, index)

        index = compare.first_difference(expected, actual, lambda index: excuses.alike(case(index)))
        if index is None:
            return None
        left, right = (entries[index] if index < len(entries) else None for entries in (expected, actual))
        step = (left or right).step
        at_the_end = step.verb == "quit" and not step.text.startswith("\\")
        return Difference(-1 if at_the_end else step.line, left, right, excuses.excused(case(index)))

    def restart(self, proxy: Lockstep) -> None:
        if proxy.alive() or proxy.process is None:
            proxy.stop()
        else:
            self.result.failures.append(f"{self.kind}/{proxy.policy}: lockstep has ended\n{proxy.log_tail()}")
            proxy.process = None
        start(proxy)

    # The schema between two plays

    def prepare(self) -> None:
        """Brings the schema back to what it is before the first step: as little work as what has run asks for."""
        played, self.dirty = self.dirty, ""
        if not played:
            return
        locks = sorted(set(LOCK_NAMES.findall(played)))
        if locks:
            # The session that had them may have hung up, but not yet ended.
            taken = ", ".join(f"GET_LOCK('{text.SHARED.sub(self.schema, lock)}', {CONTROL_WAIT_SECONDS})" for lock in locks)
            self._run(f"DO {taken}")
            self._run("DO RELEASE_ALL_LOCKS()")
        if DEFINES.search(played):
            self._drop_extra()
        for kind, name in map(text.object_of, text.base_statements(self.options.clients, self.kind)):
            if kind == "TABLE" and re.search(rf"\b{name}\b|p_|f_", played):
                self._run(f"DELETE FROM {self.schema}.{name}")
                self._run(f"ALTER TABLE {self.schema}.{name} AUTO_INCREMENT = 1")

    def _make_schema(self) -> None:
        self._drop_schemas()
        self._run(f"DROP DATABASE IF EXISTS {self.schema}")
        self._run(f"CREATE DATABASE {self.schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
        self._run(f"USE {self.schema}")
        self._run(f"GRANT SELECT, INSERT ON {self.schema}.* TO 'differential_other'@'%'")
        for statement in text.base_statements(self.options.clients, self.kind):
            self._run(statement)

    def _drop_schemas(self) -> None:
        named = f"SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '{self.schema}\\_%'"
        for (name,) in self._run(named).rows():
            self._run(f"DROP DATABASE IF EXISTS `{name.decode()}`")

    def left(self) -> list[tuple[str, str]]:
        """Statements that drop what is in the schema, and what each of them drops."""
        return [(row[0].decode(), row[1].decode()) for row in self._run(LEFT.replace("{schema}", self.schema)).rows()]

    def base_names(self) -> set[str]:
        return {name for _, name in map(text.object_of, text.base_statements(self.options.clients, self.kind))}

    def _drop_extra(self) -> None:
        base = self.base_names()
        left = self.left()
        for drop, name in left:
            if name not in base:
                self._run(drop)
        if base - {name for _, name in left} - {"g_sets"}:
            self._make_schema()

    def _run(self, sql: str) -> wire.Reply:
        reply = self.control.query(sql.encode())
        if reply.error or reply.broken:
            raise RuntimeError(f"{self.kind}: {sql.strip()}: {reply.error or reply.broken}")
        return reply


def start(proxy: Lockstep) -> None:
    """Another worker's lockstep may have taken the free port in between."""
    for _ in range(START_TRIES - 1):
        try:
            return proxy.start()
        except RuntimeError:
            continue
    proxy.start()
