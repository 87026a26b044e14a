"""Procedures, functions and blocks."""

from ..model import Client, production
from .objects import PROCEDURES, read_after


@production("routines", 3)
def call(c: Client):
    return [f"CALL {c.pick('', '', 'differential.')}{c.pick(*PROCEDURES)}()", read_after(c)]


@production("routines", 1)
def call_with_parameters(c: Client):
    return [
        c.pick(
            "CALL p_out(4, @a, @b)", "CALL p_out(@a, @b, @c)", "CALL p_out(1, 2, 3)", "CALL p_out(1, @b)",
            "CALL no_such_procedure()",
        ),
        "SELECT @a, @b, @c",
    ]


@production("routines", 1, plain=True)
def call_function(c: Client):
    return c.pick(
        "SELECT f_sets()", "SELECT f_zone(), @@time_zone", "SELECT f_inserts()", "SELECT f_reads()",
        f"INSERT INTO {c.table} (a) VALUES (f_reads())", "DO f_sets()", "SET @a = f_zone()", "SELECT differential.f_sets()",
        "SELECT f_sets ()", "SELECT no_such_function()", f"INSERT INTO {c.table} (a) VALUES (f_sets())",
        "SELECT id FROM the_view", "INSERT INTO g (a) VALUES (77)",
    )


@production("routines", 1, only="mariadb")
def anonymous_block(c: Client):
    one, other = c.plain("locks"), c.plain("locks")
    return c.pick(
        f"BEGIN NOT ATOMIC {one}; {other}; END", f"IF 1 THEN {one}; END IF", f"IF 0 THEN {one}; ELSE {other}; END IF",
        f"FOR i IN 1..2 DO {one}; END FOR", f"CASE 1 WHEN 1 THEN {one}; ELSE {other}; END CASE",
        f"BEGIN NOT ATOMIC DECLARE x INT DEFAULT LAST_INSERT_ID(); {one}; SELECT x; END", f"REPEAT {one}; UNTIL 1 END REPEAT",
        f"BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET @handled = 2; {one}; {other}; END",
    )
