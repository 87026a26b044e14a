"""Locks of all kinds, and handlers."""

from ..model import Client, production


@production("locks", 1, plain=True)
def lock_tables(c: Client):
    return c.pick(
        f"LOCK TABLES {c.table} WRITE", f"LOCK TABLES {c.table} READ, {c.plain_table} WRITE", "UNLOCK TABLES", "UNLOCK TABLES",
        "UNLOCK TABLES", f"LOCK TABLE {c.table} READ LOCAL", "LOCK TABLES no_such_table READ",
        f"FLUSH TABLES {c.table} WITH READ LOCK", f"FLUSH TABLES {c.table}",
        *(["BACKUP UNLOCK", f"BACKUP LOCK {c.table}"] if c.kind == "mariadb" else []), f"LOCK TABLES {c.table} AS x READ",
    )


@production("locks", 1)
def locked_work(c: Client):
    return [
        f"LOCK TABLES {c.table} WRITE", c.plain("locks", "definitions"),
        c.pick(f"INSERT INTO {c.table} (a) VALUES (1)", "SELECT * FROM s", "BEGIN"),
        c.pick("UNLOCK TABLES", "COMMIT", "START TRANSACTION", "UNLOCK TABLES"),
    ]


@production("named_locks", 2, plain=True)
def named_lock(c: Client):
    lock = f"'differential_{c.pick('a', 'b')}{c.name}'"
    # A lock that another client has taken is free some moments after that one hung up: nobody asks for it.
    return c.pick(
        f"SELECT GET_LOCK({lock}, 5)", f"SELECT GET_LOCK({lock}, 5)", f"SELECT RELEASE_LOCK({lock})",
        "SELECT RELEASE_ALL_LOCKS()", "DO RELEASE_ALL_LOCKS()", f"DO GET_LOCK({lock}, 5)",
        f"SELECT IS_USED_LOCK({lock}) = CONNECTION_ID()", f"SET @a = GET_LOCK({lock}, 5)", "SELECT GET_LOCK(NULL, 0)",
        f"SELECT IS_FREE_LOCK({lock})", f"SELECT a, GET_LOCK({lock}, 5) FROM {c.table} ORDER BY id", f"SELECT RELEASE_LOCK({lock}) FROM {c.table} LIMIT 1",
        f"SELECT GET_LOCK(CONCAT({lock}), 5)", f"SELECT GET_LOCK({lock}, 5) + RELEASE_LOCK({lock})",
    )


@production("locks", 1)
def handler(c: Client):
    table = c.table
    name = c.pick(table, "h")
    if name not in c.handlers or c.chance(0.1):
        c.handlers.add(name)
        return f"HANDLER {table} OPEN" + ("" if name == table else f" AS {name}")
    if c.chance(0.3):
        c.handlers.discard(name)
        return f"HANDLER {name} CLOSE"
    return f"HANDLER {name} READ {c.pick('FIRST', 'NEXT', 'FIRST', '`PRIMARY` = (1)', '`PRIMARY` NEXT', '`PRIMARY` LAST', 'NEXT LIMIT 2')}"
