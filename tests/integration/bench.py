"""What an integration test is handed: real servers, lockstep processes in front of them, and clients."""

import contextlib
import itertools
import os
import pathlib
import shutil
import subprocess
import time

import pymysql

from testbed.failure import Failure
from testbed.lockstep import Lockstep, configuration
from testbed.servers import server
from testbed.state import free_port

STOP_SECONDS = 20
POLL_SECONDS = 0.02

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


# Two servers of each kind, for tests that need several.
PAIRS = (("mariadb-1", "mariadb-2"), ("mysql-1", "mysql-2"))


def on(*servers):
    """Marks a test that is run once for each of the named servers, with the server as its second argument.

    A tuple of names makes one run with the list of those servers.
    """
    def mark(function):
        function.servers = servers
        return function
    return mark


def long_running(function):
    """Marks a test that takes a minute by design: it is left out with --brief."""
    function.long_running = True
    return function


class Bench:
    def __init__(self, state, build, run_folder):
        self.state = state
        self.build = pathlib.Path(build)
        self.folder = pathlib.Path(run_folder)
        self.log = None
        self._servers = {}
        self._started = []
        self._databases = {}
        self._numbers = itertools.count(1)
        self.begin_test()

    def begin_test(self):
        """Every test has a database of its own: what a failed one leaves, or still locks, harms no other."""
        self.database = f"integration_{os.getpid()}_{next(self._numbers)}"
        self.log = None

    def server(self, name):
        """A running server of that name, with the empty database of this test in it."""
        one = self._servers.setdefault(name, server(name, self.state))
        one.use()
        if one.start(say=lambda text: None) and name not in self._databases:
            self._started.append(one)
        made = self._databases.setdefault(name, [])
        if self.database not in made:
            one.administer(f"CREATE DATABASE {self.database}")
            made.append(self.database)
        return one

    @contextlib.contextmanager
    def lockstep(self, *servers, groups=None, until="/readyz", **other):
        """A lockstep in front of the servers, whose page `until` answers 200 already.

        When it ends, its exit status and its log are checked, too.
        """
        if groups is None:
            groups = {"all": servers}
        # A test that fails leaves clients in the middle of things; lockstep is not to wait for them.
        other.setdefault("drain_timeout", "3s")
        groups = {group: [(one.name, one.address) for one in members] for group, members in groups.items()}
        settings = configuration(groups, listen=other.pop("listen", None) or free_port(), admin=free_port(), **other)
        process = Lockstep(self.build / "lockstep", self.folder / f"lockstep-{next(self._numbers)}", settings)
        self.log = process.log
        try:
            process.start(until)
            yield process
        finally:
            process.stop(STOP_SECONDS)
        report = process.sanitizer_report()
        assert not report, f"a sanitizer reports:\n{report}"
        assert process.exit_status == 0, f"lockstep ended with status {process.exit_status}"

    def connect(self, where, user="app", password=None, database="", **options):
        """A PyMySQL connection with autocommit as the server has it, to a port or to the path of a unix socket. The password
        is the user's name by default."""
        place = {"host": "127.0.0.1", "port": where} if isinstance(where, int) else {"unix_socket": str(where)}
        return pymysql.connect(**place, user=user, password=user if password is None else password,
                               database=database or self.database, autocommit=None, connect_timeout=20,
                               read_timeout=60, write_timeout=60, **options)

    def run(self, command, seconds_max=40, **options):
        """A program's result."""
        if not shutil.which(command[0]):
            raise Failure(f"{command[0]} is not installed: run tools/setup")
        return subprocess.run(command, capture_output=True, encoding="utf-8", errors="backslashreplace",
                              timeout=seconds_max, check=False, **options)

    def close(self):
        """Drops the databases of this run and stops the servers that it started, unless others use them by now."""
        for name, databases in self._databases.items():
            one = self._servers[name]
            if one.running():
                one.administer("SET lock_wait_timeout = 10;" + ";".join(f"DROP DATABASE {made}" for made in databases))
        for one in self._started:
            one.stop_if_unused()
        shutil.rmtree(self.folder, ignore_errors=True)


def rows(connection, sql, *arguments):
    """All rows of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)
        return cursor.fetchall()


def value(connection, sql, *arguments):
    """The single value of one statement."""
    return rows(connection, sql, *arguments)[0][0]


def eventually(holds, told, seconds=30):
    """Asks again until something holds; what is true a moment later is right, what never comes true is a failure.

    `told` says what was waited for. The pause leaves the CPU to those who are waited for; it is no guess at their time.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {told}"
        time.sleep(POLL_SECONDS)


def error_of(action):
    """The number and text of the error that an action ends with, or None when it works."""
    try:
        action()
    except pymysql.MySQLError as error:
        return error.args
    return None
