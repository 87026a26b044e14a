"""Commands that are no statement, and logins."""

from ..model import Client, production


@production("commands", 1)
def simple_command(c: Client):
    return c.pick(
        "\\ping", "\\ping", "\\statistics", "\\field_list s", f"\\field_list {c.table} a%", "\\set_option on", "\\set_option on",
        "\\set_option off",
    )


@production("commands", 0.6)
def reset_connection(c: Client):
    c.forget()
    return [
        "\\reset",
        c.pick(
            "SELECT DATABASE(), @a, @@sql_mode", "SELECT @@character_set_client, @@collation_connection",
            "SELECT @@autocommit, @@time_zone", "SELECT LAST_INSERT_ID()", "SHOW WARNINGS",
        ),
        # A reset forgets what the schema's character set is (docs/differences.md).
        "USE differential",
    ]


@production("commands", 0.6)
def change_user(c: Client):
    c.forget()
    steps = [
        "\\change_user app app differential",
        c.pick(
            "SELECT DATABASE(), @a, @@sql_mode", "SELECT @@character_set_client, @@collation_connection",
            "SELECT LAST_INSERT_ID(), @@autocommit", "SHOW WARNINGS",
        ),
    ]
    if c.chance(0.3):
        collations = [8, 33, 46, 63, 45] + ([255] if c.kind == "mysql" else [])
        steps[0] += f" {c.pick(*collations)}"
    elif c.chance(0.3):
        steps[:0] = [
            "\\change_user differential_other other differential", c.plain("locks", "definitions"),
            c.plain("locks", "definitions"),
        ]
    elif c.chance(0.2):
        steps[0] = "\\change_user app app"
        steps.append("USE differential")
    # MariaDB leaves a role to the next user, lockstep does not (docs/differences.md).
    return [*(["SET ROLE NONE"] if c.kind == "mariadb" else []), *steps]


@production("commands", 0.5)
def leave(c: Client):
    """The name's next step logs in again."""
    c.forget()
    return ["\\quit"]
