"""Transactions, their characteristics and savepoints."""

from ..model import Client, production


@production("transactions", 3, plain=True)
def begin(c: Client):
    return c.pick(
        "BEGIN", "START TRANSACTION", "BEGIN WORK", "START TRANSACTION WITH CONSISTENT SNAPSHOT",
    )


@production("transactions", 1, plain=True)
def begin_with_access_mode(c: Client):
    return c.pick(
        "START TRANSACTION READ ONLY", "START TRANSACTION READ WRITE", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    )


@production("transactions", 5, plain=True)
def end(c: Client):
    c.savepoints.clear()
    return c.pick(
        "COMMIT", "ROLLBACK", "COMMIT", "ROLLBACK", "COMMIT WORK", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN",
        "COMMIT AND NO CHAIN NO RELEASE", "ROLLBACK WORK AND NO CHAIN",
    )


@production("transactions", 1.5, plain=True)
def savepoint(c: Client):
    if c.savepoints and c.chance(0.6):
        return f"{c.pick('ROLLBACK TO', 'RELEASE SAVEPOINT', 'ROLLBACK TO SAVEPOINT', 'ROLLBACK WORK TO')} {c.one_of(c.savepoints)}"
    if c.chance(0.1):
        return c.pick("ROLLBACK TO nothing", "RELEASE SAVEPOINT nothing")
    point = c.pick("one", "two", "`three`")
    c.savepoints.add(point)
    return f"SAVEPOINT {point}"


@production("transactions", 2, plain=True)
def set_transaction(c: Client):
    level = c.pick("READ COMMITTED", "READ UNCOMMITTED", "REPEATABLE READ")
    what = c.pick(
        f"ISOLATION LEVEL {level}", "READ ONLY", "READ WRITE", f"ISOLATION LEVEL {level}, READ ONLY",
        f"READ WRITE, ISOLATION LEVEL {level}", "ISOLATION LEVEL NOTHING",
    )
    return f"SET {c.pick('', '', 'SESSION ', 'LOCAL ')}TRANSACTION {what}"


@production("transactions", 1, plain=True)
def set_transaction_variables(c: Client):
    isolation, only = (
        "transaction_isolation", "transaction_read_only",
    ) if c.kind == "mysql" else ("tx_isolation", "tx_read_only")
    return c.pick(
        f"SET @@{isolation} = 'READ-COMMITTED'", f"SET @@session.{isolation} = 'READ-COMMITTED'", f"SET @@{only} = 1",
        f"SELECT @@{isolation}, @@{only}", f"SELECT @@session.{isolation}", f"SET {isolation} = DEFAULT, {only} = DEFAULT",
        f"SET SESSION {only} = 0", f"SELECT @@{isolation}",
    )


@production("transactions", 1)
def whole_transaction(c: Client):
    statements = [c.plain("transactions") for _ in range(c.number(1, 3))]
    return [
        c.pick("BEGIN", "SET autocommit = 0", "START TRANSACTION"), *statements,
        c.pick("COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "SET autocommit = 1"),
    ]


@production("transactions", 0.4)
def xa(c: Client):
    ident = f"'differential_x{c.name}'"
    return [
        f"XA START {ident}", f"INSERT INTO {c.table} (a) VALUES (1)", c.pick("COMMIT", "SELECT 1", "BEGIN", "SET autocommit = 1"),
        f"XA END {ident}", c.pick(f"XA COMMIT {ident} ONE PHASE", f"XA ROLLBACK {ident}"),
    ]
