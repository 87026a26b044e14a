"""Real servers for tests: mariadb-1, mariadb-2, … and mysql-1, mysql-2, …, each with a data folder of its own."""

import fcntl
import os
import re
import shutil
import socket
import subprocess
import time

from . import process
from .failure import Failure
from .mysql_root import MysqlRoot
from .state import port_is_free

START_SECONDS = 120

# Small and quick; what a server has acknowledged survives its own death, but not that of the machine.
COMMON_OPTIONS = [
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--max-connections=4000",
    "--back-log=2000",
    "--local-infile=1",
    "--innodb-buffer-pool-size=256M",
    "--innodb-flush-log-at-trx-commit=2",
    "--max-allowed-packet=64M",
    "--log-bin=binlog",
    "--sync-binlog=0",
    "--binlog-expire-logs-seconds=3600",
]

# `app` is the user of tests and examples; the others are for tests of logins.
COMMON_ACCOUNTS = """
CREATE DATABASE IF NOT EXISTS demo;
CREATE DATABASE IF NOT EXISTS test;
CREATE USER 'app'@'%' IDENTIFIED BY 'app';
GRANT ALL ON *.* TO 'app'@'%' WITH GRANT OPTION;
CREATE USER 'empty'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, CREATE TEMPORARY TABLES ON demo.* TO 'empty'@'%';
"""


def server(name, state):
    """The server called `name`, such as mariadb-1."""
    match = re.fullmatch(r"(mariadb|mysql)-([1-9])", name)
    if not match:
        raise Failure(f"{name}: servers are called mariadb-1 to mariadb-9 and mysql-1 to mysql-9")
    return (MariaDb if match.group(1) == "mariadb" else MySql)(name, int(match.group(2)), state)


class Server:
    """What both kinds share: being started, asked and stopped. The kinds say which program with which options."""

    def __init__(self, name, number, state):
        self.name = name
        self.number = number
        self.state = state
        self.daemon = process.Daemon(state.folder / f"{name}.pid.json")
        self.log = state.folder / f"{name}.log"
        self._use = None

    @property
    def port(self):
        return self.state.port(self.name)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def running(self):
        return self.daemon.pid() is not None

    def start(self, say=print):
        """Starts the server and returns True, or returns False when it already runs."""
        with self.state.locked(self.name):
            if self.running():
                return False
            self.ensure_installed(say)
            if not self.initialised.exists():
                say(f"{self.name}: making the data folder")
                self._initialise_anew()
            if not port_is_free(self.port):
                self.state.forget_port(self.name)
            self.daemon.start(self.start_command(), self.log)
            self._await_login()
            if not self.accounts_made.exists():
                self.administer(COMMON_ACCOUNTS + self.accounts)
                self.accounts_made.touch()
            self.warm_logins()
            say(f"{self.name}: runs on {self.address}")
            return True

    def use(self):
        """Says that this process uses the server, until it ends or stops it by `stop_if_unused`."""
        if self._use is None:
            self._use = open(self.state.folder / f"{self.name}.users", "w", encoding="ascii")
            fcntl.flock(self._use, fcntl.LOCK_SH)

    def stop_if_unused(self):
        """Stops the server unless another process uses it, too."""
        try:
            fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        self.stop()

    def warm_logins(self):
        """Lets the users log in without a round of RSA from now on, where the server's plugin makes that difference."""

    def stop(self):
        """Stops the server if it was started from this state folder. Returns whether it ran."""
        with self.state.locked(self.name):
            return self.daemon.stop()

    def administer(self, sql):
        """Runs statements as root over the server's socket; returns what they print."""
        result = subprocess.run([*self.client_command(), "--batch"], input=sql, capture_output=True, text=True,
                                check=False)
        if result.returncode != 0:
            raise Failure(f"{self.name}: {result.stderr.strip()}")
        return result.stdout

    @property
    def initialised(self):
        return self.data.parent / ".initialised"

    @property
    def accounts_made(self):
        return self.data.parent / ".accounts"

    def _initialise_anew(self):
        shutil.rmtree(self.data.parent, ignore_errors=True)
        for folder in (self.data, self.temporary):
            folder.mkdir(parents=True)
            self.give_to_server(folder)
        self.give_to_server(self.data.parent)
        result = subprocess.run(self.initialise_command(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                check=False)
        if result.returncode != 0:
            self.log.write_text(result.stdout + result.stderr)
            raise Failure(f"{self.name}: the data folder could not be made; {self.log} tells why\n"
                          + process.tail(self.log, 5))
        self.initialised.touch()

    def _await_login(self):
        """Returns once the server greets. A server that ends before is reported with the end of its log."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.running():
                raise Failure(f"{self.name} ended while starting; the end of {self.log}:\n{process.tail(self.log, 8)}")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=10) as probe:
                    if probe.recv(1):
                        return
            except OSError:
                pass
            time.sleep(0.05)
        self.daemon.kill()
        raise Failure(f"{self.name} does not answer after {START_SECONDS} s; see {self.log}")


class MariaDb(Server):
    """MariaDB of the distribution."""

    accounts = """
    CREATE USER 'native'@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('native');
    GRANT ALL ON *.* TO 'native'@'%';
    """

    def __init__(self, name, number, state):
        super().__init__(name, number, state)
        self.data = state.folder / name / "data"
        self.temporary = state.folder / name / "tmp"
        self.socket = state.folder / name / "socket"

    def ensure_installed(self, say):
        if not shutil.which("mariadbd", path="/usr/sbin:/usr/bin"):
            raise Failure("MariaDB is not installed: run tools/setup")

    def give_to_server(self, folder):
        if os.geteuid() == 0:
            shutil.chown(folder, "mysql", "mysql")

    def _user_option(self):
        return ["--user=mysql"] if os.geteuid() == 0 else []

    def initialise_command(self):
        # By --force it does not insist on looking up the machine's own name, which nothing here needs.
        return ["mariadb-install-db", "--no-defaults", "--force", f"--datadir={self.data}", "--skip-test-db",
                "--auth-root-authentication-method=normal", *self._user_option()]

    def start_command(self):
        return ["/usr/sbin/mariadbd", "--no-defaults", *self._user_option(), f"--datadir={self.data}",
                f"--tmpdir={self.temporary}", f"--socket={self.socket}", f"--port={self.port}",
                f"--pid-file={self.data}/pid", f"--server-id={self.number}", *COMMON_OPTIONS]

    def client_command(self):
        return ["mariadb", "--no-defaults", "--user=root", f"--socket={self.socket}"]


class MySql(Server):
    """MySQL out of its own folder."""

    accounts = ""

    def __init__(self, name, number, state):
        super().__init__(name, number, state)
        self.root = MysqlRoot(state)
        self.data = self.root.folder / "srv" / name / "data"
        self.temporary = self.data.parent / "tmp"
        self.socket = self.data.parent / "socket"

    def ensure_installed(self, say):
        self.root.ensure(say)

    def give_to_server(self, folder):
        users = (self.root.folder / "etc/passwd").read_text()
        uid, gid = re.search(r"^mysql:[^:]*:(\d+):(\d+):", users, re.M).groups()
        os.chown(folder, int(uid), int(gid))

    def _mysqld(self, *options):
        inside = self.root.inside
        return self.root.command("/usr/sbin/mysqld", "--no-defaults", "--user=mysql",
                                 f"--datadir={inside(self.data)}", f"--tmpdir={inside(self.temporary)}", *options)

    def initialise_command(self):
        return self._mysqld("--initialize-insecure")

    def start_command(self):
        return self._mysqld(f"--socket={self.root.inside(self.socket)}", f"--port={self.port}",
                            f"--pid-file={self.root.inside(self.data)}/pid", f"--server-id={100 + self.number}",
                            "--mysqlx=OFF", "--gtid-mode=ON", "--enforce-gtid-consistency=ON",
                            "--secure-file-priv=", *COMMON_OPTIONS)

    def client_command(self, user="root"):
        return self.root.command("mysql", "--no-defaults", f"--user={user}",
                                 f"--socket={self.root.inside(self.socket)}")

    def warm_logins(self):
        # caching_sha2_password takes the password itself over a socket file, and remembers it for logins over TCP.
        result = subprocess.run([*self.client_command("app"), "--password=app", "--execute=DO 1"],
                                capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise Failure(f"{self.name}: app cannot log in: {result.stderr.strip()}")
