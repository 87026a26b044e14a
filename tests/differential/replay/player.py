"""Plays a script on one address with as many clients as it names, and keeps every reply."""

import dataclasses
import re
import shlex

import wire
from wire import Capability, Command, Connection, Reply, Statement

from .script import Script, Step

DATABASE = "differential"
UTF8MB4_GENERAL_CI = 45


@dataclasses.dataclass
class Entry:
    """What came back for one step. Steps without an answer of their own have an empty reply."""

    step: Step
    client: str
    reply: Reply
    # The way to the last packet of a login differs: a server that has forgotten the password asks for more packets.
    login: bool = False


class Player:
    def __init__(self, script: Script, address: tuple[str, int] | str, capabilities: Capability, timeout: float, withheld: Capability = Capability(0)):
        self.script = script
        self.address = address
        self.withheld = withheld  # flags that no client of the script has, whatever it says
        self.capabilities = adjusted(capabilities, script.caps)
        self.timeout = timeout
        self.clients: dict[str, Connection] = {}
        self.statements: dict[tuple[str, str], Statement] = {}
        # The encoding in which a client writes its text, in Python's name for it.
        self.encodings: dict[str, str] = {}
        self.current = "1"
        self.entries: list[Entry] = []

    def play(self) -> list[Entry]:
        try:
            for step in self.script.steps:
                if step.verb != "client" and self.current not in self.clients:
                    self._connect(step, {})
                    if self.current not in self.clients:
                        break
                self._play(step)
                if self.entries and self.entries[-1].reply.broken not in ("", "closed"):
                    # Replies that follow a timeout or a malformed packet are out of step, and show nothing new.
                    break
        finally:
            self._leave()
        return self.entries

    def _play(self, step: Step) -> None:
        client = self.clients.get(self.current)
        action = getattr(self, f"_step_{step.verb}", None)
        if action is None:
            raise ValueError(f"{self.script.name}:{step.line}: no such step: \\{step.verb}")
        reply = action(client, step)
        if reply is not None:
            self.entries.append(Entry(step, self.current, reply, login=step.verb == "change_user"))

    # Connections

    def _connect(self, step: Step, options: dict[str, str]) -> None:
        try:
            client = Connection(
                self.address,
                user=options.get("user", "app"),
                password=options.get("password", "app"),
                database=options.get("db", DATABASE),
                capabilities=adjusted(self.capabilities, shlex.split(options.get("caps", ""))) & ~self.withheld,
                collation=int(options.get("collation", UTF8MB4_GENERAL_CI)),
                timeout=self.timeout,
            )
        except wire.LoginError as refused:
            self.entries.append(Entry(step, self.current, refused.reply, login=True))
            return
        self.clients[self.current] = client
        # What a login settles is part of what a client sees: its flags, and the state that the final OK reports.
        settled = dataclasses.replace(step, text=f"login of client {self.current} with {client.capabilities!r}", mark=None)
        self.entries.append(Entry(settled, self.current, client.login, login=True))

    def _leave(self) -> None:
        """Ends all sessions. Waiting for the peer to close shows bytes that no command asked for."""
        for name, client in self.clients.items():
            left = client.quit()
            if left:
                goodbye = Step(0, "bytes behind the last reply", "quit", "")
                self.entries.append(Entry(goodbye, name, Reply([wire.Packet(0, left)])))

    def _step_client(self, _: Connection, step: Step) -> None:
        """\\client N [user=… password=… db=… collation=… caps=…]: goes on as client N, and logs it in when it is new."""
        name, *options = step.words()
        self.current = name
        if name not in self.clients:
            self._connect(step, dict(option.split("=", 1) for option in options))

    def _step_quit(self, client: Connection, step: Step) -> Reply:
        """\\quit: ends the session of the current client; its name is free for a new one."""
        left = client.quit()
        del self.clients[self.current]
        return Reply([wire.Packet(0, left)] if left else [])

    # Text

    def _step_query(self, client: Connection, step: Step) -> Reply:
        return client.query(self._bytes(step.argument))

    def _step_send(self, client: Connection, step: Step) -> None:
        """\\send SQL: does not wait for the reply, for statements that wait for another client."""
        client.send_query(self._bytes(step.argument))

    def _step_receive(self, client: Connection, _: Step) -> Reply:
        return client.receive_reply()

    def _step_attributes(self, client: Connection, step: Step) -> Reply:
        """\\attributes name=value,… SQL: a statement with query attributes, where the client has them."""
        pairs, sql = step.argument.split(" ", 1)
        attributes = [(name, value.encode()) for name, value in (pair.split("=") for pair in pairs.split(","))]
        client.send_query(self._bytes(sql), attributes)
        return client.receive_reply()

    def _step_encoding(self, _: Connection, step: Step) -> None:
        """\\encoding latin1: the current client writes its statements in this encoding from now on."""
        self.encodings[self.current] = step.argument

    def _step_file(self, client: Connection, step: Step) -> None:
        """\\file NAME CONTENT: what LOAD DATA LOCAL INFILE 'NAME' gets. CONTENT may hold \\n, \\t and \\\\."""
        name, _, content = step.argument.partition(" ")
        client.files[name] = self._bytes(content).decode("unicode_escape").encode("latin1")

    # Commands

    def _step_ping(self, client: Connection, _: Step) -> Reply:
        return client.command(Command.COM_PING)

    def _step_use(self, client: Connection, step: Step) -> Reply:
        return client.command(Command.COM_INIT_DB, self._bytes(step.argument))

    def _step_reset(self, client: Connection, _: Step) -> Reply:
        return client.command(Command.COM_RESET_CONNECTION)

    def _step_change_user(self, client: Connection, step: Step) -> Reply:
        """\\change_user USER PASSWORD [DB [COLLATION]]"""
        user, password, database, collation = (step.words() + ["", ""])[:4]
        return client.change_user(user, password, database, int(collation or UTF8MB4_GENERAL_CI))

    def _step_set_option(self, client: Connection, step: Step) -> Reply:
        """\\set_option on|off: multi-statements."""
        return client.command(Command.COM_SET_OPTION, bytes([step.argument == "off", 0]))

    def _step_statistics(self, client: Connection, _: Step) -> Reply:
        return client.command(Command.COM_STATISTICS)

    def _step_debug(self, client: Connection, _: Step) -> Reply:
        return client.command(Command.COM_DEBUG)

    def _step_field_list(self, client: Connection, step: Step) -> Reply:
        """\\field_list TABLE [WILDCARD]"""
        table, wildcard = (step.words() + [""])[:2]
        return client.command(Command.COM_FIELD_LIST, table.encode() + b"\0" + wildcard.encode())

    def _step_command(self, client: Connection, step: Step) -> Reply:
        """\\command NUMBER [HEX]: any command whose reply is one packet."""
        number, payload = (step.words() + [""])[:2]
        return client.command(int(number, 0), bytes.fromhex(payload))

    # Prepared statements

    def _step_prepare(self, client: Connection, step: Step) -> Reply:
        """\\prepare NAME SQL"""
        name, _, sql = step.argument.partition(" ")
        statement = Statement(client, self._bytes(sql))
        self.statements[self.current, name] = statement
        return statement.reply

    def _step_execute(self, _: Connection, step: Step) -> Reply:
        """\\execute NAME [-cursor] [-no-types] KIND:VALUE …"""
        name, *words = step.words()
        values = [wire.parameter(self._expanded(word)) for word in words if not word.startswith("-")]
        return self._statement(name).execute(values, "-cursor" in words, "-no-types" not in words)

    def _step_long_data(self, _: Connection, step: Step) -> Reply:
        """\\long_data NAME INDEX TEXT"""
        name, index, text = step.argument.split(" ", 2)
        return self._statement(name).send_long_data(int(index), self._bytes(text))

    def _step_fetch(self, _: Connection, step: Step) -> Reply:
        """\\fetch NAME ROWS"""
        name, rows = step.words()
        return self._statement(name).fetch(int(rows))

    def _step_stmt_reset(self, _: Connection, step: Step) -> Reply:
        return self._statement(step.argument).reset()

    def _step_stmt_close(self, _: Connection, step: Step) -> Reply:
        return self._statement(step.argument).close()

    def _statement(self, name: str) -> Statement:
        return self.statements[self.current, name]

    # Text of a line

    def _bytes(self, text: str) -> bytes:
        return self._expanded(text).encode(self.encodings.get(self.current, "utf8"))

    def _expanded(self, text: str) -> str:
        text = re.sub(r"\$\{repeat (\S+) (\d+)\}", lambda match: match[1] * int(match[2]), text)
        return re.sub(r"\$\{id (\w+)\}", lambda match: str(self.clients[match[1]].connection_id), text)


def adjusted(capabilities: Capability, changes: list[str]) -> Capability:
    """`+NAME` adds a flag, `-NAME` takes it away."""
    for change in changes:
        flag = Capability[change[1:]]
        capabilities = capabilities | flag if change[0] == "+" else capabilities & ~flag
    return capabilities
