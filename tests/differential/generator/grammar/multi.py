"""Several statements in one text."""

from ..model import Client, production


@production("multi", 4)
def several(c: Client):
    texts = [c.plain("locks") for _ in range(c.pick(2, 2, 3, 4))]
    if c.chance(0.3):
        texts.insert(
            c.number(0, len(texts)),
            c.pick("SELECT nope", "NOT SQL", "SET no_such_variable = 1", "SELECT * FROM no_such_table", "CALL p_error()"),
        )
    if c.chance(0.2):
        texts.insert(
            c.number(0, len(texts)),
            c.pick(
                "USE differential", "CALL p_sets()", "CALL p_rows()", "USE information_schema", "EXECUTE p1",
                "PREPARE p1 FROM 'SELECT 5'",
            ),
        )
    return ["; ".join(texts) + c.pick("", "", ";", "; ", " ; -- end")]
