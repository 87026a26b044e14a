"""ProxySQL, one worker thread, from a path that --proxysql names: no Debian package has it."""

import os
import tempfile

from bench.contender import Contender, first_line
from bench.process import free_port, port_serves


def configuration(folder, port, admin_port, lab):
    host, server_port = lab.server_address.split(":")
    return f"""datadir="{folder}"
errorlog="{folder}/proxysql.log"
admin_variables=
{{
  admin_credentials="admin:admin"
  mysql_ifaces="127.0.0.1:{admin_port}"
}}
mysql_variables=
{{
  threads=1
  max_connections=20000
  interfaces="127.0.0.1:{port}"
  monitor_enabled=false
  default_schema="{lab.schema}"
  server_version="8.0.36"
}}
mysql_servers=
(
  {{ address="{host}" port={server_port} hostgroup=0 max_connections=2000 }}
)
mysql_users=
(
  {{ username="{lab.user}" password="{lab.password}" default_hostgroup=0 max_connections=20000 transaction_persistent=1 }}
)
"""


class ProxySql(Contender):
    descriptors_per_client = 1
    multiplexes = True

    def __init__(self, label, path):
        super().__init__(label)
        self.path = os.path.abspath(path)

    def missing(self):
        return "" if os.access(self.path, os.X_OK) else f"{self.path} is not a program"

    def start(self, lab, settings=None):
        port, admin_port = free_port(), free_port()
        folder = tempfile.mkdtemp(prefix="proxysql-", dir=lab.folder)
        path = os.path.join(folder, "proxysql.cnf")
        with open(path, "w", encoding="utf-8") as config:
            config.write(configuration(folder, port, admin_port, lab))
        self.launch(lab, [self.path, "--foreground", "--initial", "--no-monitor", "--config", path], port_serves(port), f"127.0.0.1:{port}")

    def version(self):
        return first_line([self.path, "--version"])
