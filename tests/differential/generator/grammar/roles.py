"""Roles: differential_role is there and granted."""

from ..model import Client, production


@production("roles", 1)
def role(c: Client):
    return [
        c.pick(
            "SET ROLE differential_role", "SET ROLE 'differential_role'", "SET ROLE NONE", "SET ROLE no_such_role",
            *(["SET ROLE DEFAULT", "SET ROLE ALL", "SET ROLE ALL EXCEPT differential_role"] if c.kind == "mysql" else []),
        ),
        c.pick("SELECT CURRENT_ROLE()", "SELECT 1", "SELECT CURRENT_ROLE(), @a"),
    ]
