"""MySQL Router, from the folder of MySQL that tools/servers keeps: passing bytes through, or sharing connections."""

import os
import shutil
import tempfile

from bench.contender import Contender, first_line
from bench.process import free_port, port_serves
from testbed.mysql_root import MysqlRoot
from testbed.state import State

PROGRAM = "/usr/bin/mysqlrouter"

# Passing through, Router reads the login and relays from then on. Sharing needs both sides open to it.
PASSING = """client_ssl_mode=PASSTHROUGH
server_ssl_mode=AS_CLIENT
"""
SHARING = """client_ssl_mode=DISABLED
server_ssl_mode=DISABLED
connection_sharing=1
connection_sharing_delay=0
[connection_pool]
max_idle_server_connections=64
"""


def configuration(folder, port, server_address, sharing):
    return f"""[DEFAULT]
logging_folder=
runtime_folder={folder}
data_folder={folder}
max_total_connections=20000
[logger]
level=WARNING
[io]
threads=1
[routing:relay]
bind_address=127.0.0.1
bind_port={port}
destinations={server_address}
routing_strategy=first-available
protocol=classic
max_connections=19000
max_connect_errors=4294967295
{SHARING if sharing else PASSING}"""


class Router(Contender):
    def __init__(self, label, sharing):
        super().__init__(label)
        self.sharing = sharing
        self.root = MysqlRoot(State())
        self.folder = None

    def missing(self):
        if os.geteuid() != 0:
            return "MySQL Router runs in a folder of its own, by chroot, which only root may"
        if not self.root.program(PROGRAM):
            return "MySQL Router is not installed (tools/servers install mysql-router)"
        return ""

    def start(self, lab, settings=None):
        port = free_port()
        self.folder = tempfile.mkdtemp(prefix="lockstep-perf-", dir=self.root.folder / "tmp")
        path = os.path.join(self.folder, "router.conf")
        with open(path, "w", encoding="utf-8") as config:
            config.write(configuration(self.root.inside(self.folder), port, lab.server_address, self.sharing))
        self.launch(lab, self.root.command(PROGRAM, "-c", self.root.inside(path)), port_serves(port), f"127.0.0.1:{port}")

    def version(self):
        return first_line(self.root.command(PROGRAM, "--version"))

    def stop(self):
        super().stop()
        if self.folder:
            shutil.rmtree(self.folder)
            self.folder = None
