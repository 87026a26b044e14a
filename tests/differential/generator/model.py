"""What the generator knows of a session while it writes it, and how a production is declared.

The knowledge is a guess: a statement that fails leaves it wrong. That only makes a later statement fail, too."""

import dataclasses
import random
from collections.abc import Callable

# All productions by their name: the files of grammar/ fill this.
PRODUCTIONS: dict[str, "Production"] = {}

LOGINS = ("", "", "", "", "", "", "", "collation=8", "collation=33", "collation=46", "collation=63", "db=")


@dataclasses.dataclass
class Production:
    """One way to write the next step, or the next few."""

    name: str
    theme: str
    weight: float
    # Only this kind of server knows it; empty: both.
    only: str
    # A single statement of text, with no state of the protocol: it may stand in a multi-statement, be prepared, be called.
    plain: bool
    # Its steps make sense only together, and follow each other without another client in between.
    together: bool
    write: Callable[["Client"], "str | list[str] | None"]

    def fits(self, server_kind: str) -> bool:
        return self.only in ("", server_kind)


def production(theme: str, weight: float = 1, only: str = "", plain: bool = False, together: bool = False):
    """The function returns a step in the syntax of scripts, several, or None where its moment has not come."""

    def declare(write):
        PRODUCTIONS[write.__name__] = Production(write.__name__, theme, weight, only, plain, together, write)
        return write

    return declare


@dataclasses.dataclass
class Item:
    """A step of one client, with the production that it came from. Steps of one group are kept or dropped as one."""

    client: str
    text: str
    production: str
    group: int


class Client:
    """What one client has done so far, and the random choices that its next step needs."""

    def __init__(self, name: str, session: "Session"):
        self.name = name
        self.session = session
        self.kind = session.kind
        self.random = session.random
        self.pending: list[tuple[str, str, int]] = []
        self.forget()
        # Objects outlive a reset of the session: what this client has made in the schema, all named after it.
        self.made: dict[str, str] = {}
        self.has_schema = False

    def forget(self) -> None:
        """What a reset of the connection forgets."""
        self.prepared: dict[str, str] = {}
        self.cursors: set[str] = set()
        self.text_prepared: dict[str, int] = {}
        self.temporary: set[str] = set()
        self.handlers: set[str] = set()
        self.savepoints: set[str] = set()
        self.touched: list[str] = []

    # The table of this client's own, one without transactions, and the one that all clients share. Nobody else writes
    # or locks the first two, and nobody locks the third: no client ever waits for another one.

    @property
    def table(self) -> str:
        return f"t{self.name}"

    @property
    def plain_table(self) -> str:
        return f"m{self.name}"

    @property
    def schema(self) -> str:
        return f"differential_{self.name}"

    def own(self, what: str) -> str:
        """The name of an object that nobody else uses."""
        return f"{what}{self.name}"

    # Choices

    def pick(self, *choices):
        return self.random.choice(choices)

    def one_of(self, choices):
        return self.random.choice(sorted(choices))

    def some(self, choices, least: int = 1, most: int = 3) -> list:
        choices = list(choices)
        return self.random.sample(choices, min(len(choices), self.random.randint(least, most)))

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def number(self, least: int = 0, most: int = 9) -> int:
        return self.random.randint(least, most)

    def plain(self, *not_of: str) -> str:
        """A statement of any production that is one line of text, to be wrapped into something else."""
        while True:
            chosen = self.session.choose(lambda one: one.plain and one.theme not in not_of)
            text = chosen.write(self)
            if isinstance(text, str) and "\n" not in text and "; " not in text:
                return text


class Session:
    """Writes one session: the steps of its clients in the order in which they run."""

    def __init__(self, seed: str, kind: str, clients: int, caps: list[str], productions: list[Production], definitions: float):
        self.random = random.Random(seed)
        # What clients in use negotiate, most often the first of them.
        self.caps = self.random.choice([caps[0]] * len(caps) * 2 + caps)
        self.trackers = self.caps != "plain"
        self.kind = kind
        self.productions = [one for one in productions if one.fits(kind)]
        # Making and dropping tables costs a server twenty times what anything else costs.
        self.definitions = self.random.random() < definitions
        self.clients = [Client(str(number + 1), self) for number in range(self.random.randint(1, clients))]
        self.tracks_all = False
        # Options of the first login of each: other character sets, no schema.
        self.logins = {one.name: self.random.choice(LOGINS) for one in self.clients}
        self.items: list[Item] = []
        self.groups = 0

    def choose(self, fits: Callable[[Production], bool]) -> Production:
        candidates = [one for one in self.productions if fits(one) and (self.definitions or one.theme != "definitions")]
        return self.random.choices(candidates, [one.weight for one in candidates])[0]

    def write(self, steps: int, everything: Callable[[Client], list[str]]) -> list[Item]:
        for client in self.clients:
            if self.random.random() < 0.2:
                # What a client finds that has not done anything yet.
                self._add(client, everything(client), "read_everything")
        client = self.clients[0]
        while len(self.items) < steps:
            if self.random.random() < 0.25:
                client = self.random.choice(self.clients)
            if client.pending:
                text, name, group = client.pending.pop(0)
                self.items.append(Item(client.name, text, name, group))
            else:
                self._extend(client)
        for client in self.clients:
            self._add(client, everything(client), "read_everything")
        return self.items

    def _add(self, client: Client, texts: list[str], name: str) -> None:
        for text in texts:
            self.groups += 1
            self.items.append(Item(client.name, text, name, self.groups))

    def _extend(self, client: Client) -> None:
        chosen = self.choose(lambda one: True)
        texts = chosen.write(client)
        if not texts:
            return
        texts = [texts] if isinstance(texts, str) else texts
        self.groups += 1
        group = self.groups
        for text in texts:
            if chosen.together:
                self.items.append(Item(client.name, text, chosen.name, group))
            else:
                client.pending.append((text, chosen.name, group))
                self.groups += 1
                group = self.groups
