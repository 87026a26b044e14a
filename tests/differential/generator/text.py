"""A session as a script: with the names of one worker's schema to be played, with the corpus's own to be read."""

import re

from replay import script

from .grammar.objects import BASE, NO_TRANSACTIONS
from .model import Item

# What sessions call their schema and everything that has to differ between workers. Accounts and the role are shared.
SHARED = re.compile(r"differential(?!_other|_role)")
ROLE = """
CREATE ROLE differential_role
GRANT SELECT ON differential.* TO differential_role
GRANT differential_role TO 'app'@'%'
"""


def steps(items: list[Item], logins: dict[str, str], schema: str) -> list[script.Step]:
    """A step's line is the index of its item; -1 where there is none."""
    result = []
    for index, item in enumerate(items):
        if line := client_line(items, index, logins, "1"):
            result.append(step(-1, line))
        result.append(step(index, SHARED.sub(schema, item.text)))
    return result


def client_line(items: list[Item], index: int, logins: dict[str, str], default: str) -> str:
    """The line in front of an item that says whose it is, where that needs to be said."""
    client = items[index].client
    before = items[index - 1].client if index else default
    options = logins.get(client, "") if all(item.client != client for item in items[:index]) else ""
    return f"\\client {client} {options}".rstrip() if client != before or options else ""


def step(index: int, text: str) -> script.Step:
    if not text.startswith("\\"):
        return script.Step(index, text, "query", text)
    verb, _, argument = text[1:].partition(" ")
    return script.Step(index, text, verb, argument.strip())


def base_statements(clients: int, kind: str) -> list[str]:
    """What makes the objects that are there before the first step."""
    lines = [line.replace("{no transactions}", NO_TRANSACTIONS[kind]) for line in BASE.splitlines() if line]
    return [
        one
        for line in lines
        for one in ([line.replace("{client}", str(c + 1)) for c in range(clients)] if "{client}" in line else [line])
    ]


def object_of(statement: str) -> tuple[str, str]:
    kind, name = re.match(r"CREATE (\w+) (\w+)", statement).groups()
    return kind, name


def needed(items: list[Item], clients: int, kind: str) -> list[str]:
    """The statements of `base_statements` that make what the items name, and what that names in turn."""
    statements = {object_of(one): one for one in base_statements(clients, kind)}
    text = "\n".join(item.text for item in items)
    chosen: set[tuple[str, str]] = set()
    while True:
        more = {
            one
            for one, statement in statements.items()
            if one not in chosen
            and (
                re.search(rf"(?<![\w@]){one[1]}\b", text)
                or (one[0] == "TRIGGER" and re.search(rf"\b{one[1].split('_')[0]}\b", text))
            )
        }
        if not more:
            return [statement for one, statement in statements.items() if one in chosen]
        chosen |= more
        text += "\n".join(statements[one].split("(", 1)[-1] if one[0] != "VIEW" else statements[one][12:] for one in more)


def render(items: list[Item], logins: dict[str, str], title: str, kind: str, clients: int, left: list[str]) -> str:
    """The script that can stand in the corpus: it makes what it needs, and drops what is left."""
    lines = [f"# {title}", f"\\expect_only {kind}"]
    made = needed(items, clients, kind)
    if any("differential_role" in item.text for item in items):
        made += [line for line in ROLE.splitlines() if line]
    if made:
        # A client of its own, so that what it does is nothing that the others may see of themselves.
        lines += ["\\client setup", *(line.replace("; ", ";\n  ").replace(" BEGIN ", "\n  BEGIN ") for line in made)]
    for index, item in enumerate(items):
        if line := client_line(items, index, logins, "" if made else "1"):
            lines.append(line)
        lines.append(item.text.replace("\n", "\n  "))
    names = [object_of(statement) for statement in made if not statement.startswith(("CREATE ROLE", "GRANT"))]
    drops = [f"DROP {kind} {name}" for kind, name in names if kind != "TRIGGER"] + left
    if any("CREATE ROLE" in statement for statement in made):
        drops.append("DROP ROLE differential_role")
    if drops:
        lines += [*(f"\\client {name}\n\\quit" for name in sorted({item.client for item in items})), "\\client setup", *drops]
    return "\n".join(lines) + "\n"
