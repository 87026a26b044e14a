"""System variables: set, read, and seen by their effects."""

from ..model import Client, production
from .system_variables import COSTLY, OF_KIND, VARIABLES
from .values import user_assignment

EFFECTS = (
    "SELECT 1 / 7", "SELECT GROUP_CONCAT('abcdefghijklmnop')", "SELECT FROM_UNIXTIME(1000000000)", "SELECT DAYNAME('2020-02-01')",
    "SELECT WEEK('2020-02-20')", "SELECT id FROM s", "SELECT CAST(0 AS UNSIGNED) - 1", "SELECT NOT 1 BETWEEN -5 AND 5",
    "SELECT CAST(1.5 AS REAL)", "SELECT 'a' || 'b'", "SELECT \"x\"", "SELECT CAST('1x' AS SIGNED), CAST('2x' AS SIGNED)",
    "SHOW COUNT(*) WARNINGS",
    "DROP TEMPORARY TABLE IF EXISTS no_such_table", "SELECT 'a' REGEXP '.'", "SELECT @@autocommit, @@time_zone",
)


def variable(c: Client) -> tuple[str, str]:
    values = VARIABLES | OF_KIND[c.kind] if c.chance(0.5) else c.pick(VARIABLES, OF_KIND[c.kind])
    name = c.pick("sql_mode", "time_zone", "autocommit", "div_precision_increment") if c.chance(0.2) else c.one_of(values)
    values = values.get(name) or VARIABLES[name]
    if name in COSTLY and c.chance(0.3):
        values = ("DEFAULT",)
    c.touched.append(name)
    return name, c.pick(*values)


def assignment(c: Client) -> str:
    name, value = variable(c)
    scope = c.pick("", "", "", "SESSION ", "@@", "@@session.", "LOCAL ", "@@local.", "session ", "@@SESSION.")
    if c.chance(0.08):
        value = c.pick(
            f"@@{name}", f"(SELECT {value})", f"IF(1, {value}, {value})", "@a", "@old", "(SELECT nope)", f"@@global.{name}",
        )
    name = name.upper() if c.chance(0.1) else f"`{name}`" if c.chance(0.05) and "@" not in scope else name
    return f"{scope}{name}{c.pick(' = ', ' = ', '=', ' := ')}{value}"


@production("variables", 6, plain=True)
def set_variable(c: Client):
    return f"{c.pick('SET', 'SET', 'SET', 'set', 'SET /* now */')} {assignment(c)}"


@production("variables", 3, plain=True)
def set_several(c: Client):
    parts = [assignment(c) for _ in range(c.pick(2, 2, 3, 4))]
    if c.chance(0.3):
        parts.insert(c.number(0, len(parts)), user_assignment(c))
    if any("autocommit" in part.lower() for part in parts):
        # MySQL 9.7 ends by an assertion some statements after one that switches autocommit off and reads a table.
        parts = [part for part in parts if " FROM " not in part] or ["autocommit = 1"]
    return "SET " + ", ".join(parts)


@production("variables", 1, plain=True)
def save_variable(c: Client):
    name, value = variable(c)
    return f"SET @old = @@{name}, {name} = {value}"


@production("variables", 1, plain=True)
def restore_variable(c: Client):
    return f"SET {c.pick(*(c.touched or ['sql_mode']))} = @old"


@production("variables", 5, plain=True)
def read_variables(c: Client):
    names = [c.pick(*(c.touched or ["sql_mode"])) for _ in range(c.pick(1, 1, 2, 3))]
    if c.chance(0.15):
        return f"SHOW {c.pick('', 'SESSION ', 'LOCAL ')}VARIABLES LIKE '{names[0]}'"
    return "SELECT " + ", ".join(c.pick("@@", "@@", "@@session.", "@@SESSION.") + name for name in names)


def everything(c: Client) -> list[str]:
    """Statements that read all that is known to travel: what one client has changed is another one's difference."""
    names = sorted({*VARIABLES, *OF_KIND[c.kind]} - {"no_such_variable", "system_versioning_asof"})
    half = len(names) // 2
    return [
        "SELECT " + ", ".join(f"@@{name}" for name in names[:half]),
        "SELECT " + ", ".join(f"@@{name}" for name in names[half:]),
        "SELECT @@character_set_client, @@character_set_results, @@collation_connection, @@character_set_server, @@collation_server",
        "SELECT DATABASE(), LAST_INSERT_ID(), CURRENT_ROLE()",
        "SELECT @a, @b, @c, @d, @left, @before",
    ]


@production("variables", 0.5)
def read_everything(c: Client):
    return everything(c)


@production("variables", 3, plain=True)
def show_effect(c: Client):
    return c.pick(*EFFECTS)


@production("variables", 0.7, plain=True)
def reset_variable(c: Client):
    return ", ".join(
        f"{'' if index else 'SET '}{name} = DEFAULT" for index, name in enumerate(dict.fromkeys(c.touched[-4:]))
    ) or None


@production("variables", 0.5, together=True)
def set_time(c: Client):
    if c.session.tracks_all:
        # The report would tell the time that it is.
        return None
    return [
        f"SET timestamp = {c.pick('100', '1000000000', '1.5')}", "SELECT NOW(), UNIX_TIMESTAMP(), CURRENT_DATE",
        c.pick("SET timestamp = DEFAULT", "SET timestamp = 0", "SELECT 1"),
    ]


@production("variables", 0.4, together=True)
def set_seed(c: Client):
    return [f"SET rand_seed1 = {c.number(1, 99)}, rand_seed2 = {c.number(1, 99)}", "SELECT RAND(), RAND()", "SELECT RAND()"]
