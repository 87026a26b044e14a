"""Prepared statements of the text protocol."""

from ..model import Client, production


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@production("text_prepared", 2)
def prepare_text(c: Client):
    statement = c.pick("p1", "p2", "`p 3`")
    text = c.pick(
        "SELECT ?", "SELECT ? + ?", "SET @a = ?", f"INSERT INTO {c.table} (a) VALUES (?)", c.plain("locks"), c.plain("locks"),
        "NOT SQL", "SELECT 1", "SELECT @a",
    )
    c.text_prepared[statement] = text.count("?")
    first = [f"PREPARE {statement} FROM {quoted(text)}"] if c.chance(0.7) else [
        f"SET @text = {quoted(text)}", f"PREPARE {statement} FROM @text",
    ]
    return [*first, execution_of_text(c, statement)]


def execution_of_text(c: Client, statement: str) -> str:
    count = c.text_prepared[statement]
    return f"EXECUTE {statement}" + (
        f" USING {', '.join(c.pick('@a', '@b', '@c', '@nope') for _ in range(count))}" if count else ""
    )


@production("text_prepared", 2)
def execute_text(c: Client):
    if not c.text_prepared:
        return c.pick("EXECUTE nothing", "DEALLOCATE PREPARE nothing", "EXECUTE inside") if c.chance(0.3) else None
    statement = c.one_of(c.text_prepared)
    if c.chance(0.3):
        del c.text_prepared[statement]
        return f"{c.pick('DEALLOCATE', 'DROP')} PREPARE {statement}"
    return execution_of_text(c, statement)


@production("text_prepared", 1, only="mariadb")
def execute_immediate(c: Client):
    return c.pick(
        f"EXECUTE IMMEDIATE {quoted(c.plain('locks'))}", "EXECUTE IMMEDIATE 'SELECT ?' USING @a",
        "EXECUTE IMMEDIATE CONCAT('SELECT ', 1)", "EXECUTE IMMEDIATE 'SET @a = ?' USING 5",
    )
