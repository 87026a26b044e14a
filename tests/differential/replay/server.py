"""The server that scripts run on: what it has to hold before a script, and what a script must not leave behind."""

import wire
from wire import Connection

from .player import DATABASE

OTHER_USER = "differential_other"
OTHER_PASSWORD = "other"
ACCOUNTS = {"app": "app", OTHER_USER: OTHER_PASSWORD}

# A script that fails may leave a session that still holds locks; the next one must not wait for it for a year.
LOCK_WAIT_SECONDS = 20

# What a script that broke off may have left changed for everybody: other scripts rely on the defaults.
GLOBALS = "SET GLOBAL div_precision_increment = 4, lc_time_names = 'en_US'"
SCRIPT_DATABASES = f"SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '{DATABASE}\\_%'"

LEFT_BEHIND = f"""
SELECT CONCAT('table ', table_name) FROM information_schema.tables WHERE table_schema = '{DATABASE}'
UNION SELECT CONCAT('routine ', routine_name) FROM information_schema.routines WHERE routine_schema = '{DATABASE}'
UNION SELECT CONCAT('database ', schema_name) FROM ({SCRIPT_DATABASES}) AS databases_
"""


class Server:
    def __init__(self, kind: str, address: tuple[str, int] | str):
        self.kind = kind
        self.address = address
        self.control = Connection(address)
        self._run(f"SET SESSION lock_wait_timeout = {LOCK_WAIT_SECONDS}")
        self._run(f"DROP USER IF EXISTS '{OTHER_USER}'@'%'")
        self._run(f"CREATE USER '{OTHER_USER}'@'%' IDENTIFIED BY '{OTHER_PASSWORD}'")
        self._run(f"GRANT SELECT, INSERT ON {DATABASE}.* TO '{OTHER_USER}'@'%'")

    def prepare(self) -> None:
        """Gives every replay the same server, whatever the one before did to it."""
        for row in self._run(SCRIPT_DATABASES).rows():
            self._run(f"DROP DATABASE IF EXISTS `{(row[0] or b'').decode()}`")
        self._run(f"DROP ROLE IF EXISTS {DATABASE}_role")
        self._run(GLOBALS)
        self._run(f"DROP DATABASE IF EXISTS {DATABASE}")
        self._run(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")

    def left_behind(self) -> str:
        rows = self._run(LEFT_BEHIND).rows()
        return ", ".join((row[0] or b"").decode() for row in rows)

    def close(self) -> None:
        self._run(f"DROP DATABASE IF EXISTS {DATABASE}")
        self._run(f"DROP USER IF EXISTS '{OTHER_USER}'@'%'")
        self.control.quit()

    def _run(self, sql: str) -> wire.Reply:
        reply = self.control.query(sql.encode())
        if reply.error or reply.broken:
            raise RuntimeError(f"{self.kind}: {sql.strip()}: {reply.error or reply.broken}")
        return reply
