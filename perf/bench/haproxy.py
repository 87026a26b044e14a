"""HAProxy in TCP mode, one thread, as its package has it."""

import os
import shutil

from bench.contender import Contender, descriptors_max, first_line
from bench.process import file_name

# HAProxy wants two descriptors for each of maxconn, some for itself, and refuses to start without them.
DESCRIPTORS_OF_ITS_OWN = 100


def as_haproxy_has_it(address):
    return address.replace("unix:", "unix@", 1)


class HaProxy(Contender):
    takes_unix_sockets = True

    def missing(self):
        return "" if shutil.which("haproxy") else "haproxy is not installed (package haproxy)"

    def start(self, lab, settings=None):
        address, serves = self.door(lab)
        path = os.path.join(lab.folder, file_name(self.label) + ".cfg")
        with open(path, "w", encoding="utf-8") as config:
            config.write(f"""global
  nbthread 1
  maxconn {(descriptors_max() - DESCRIPTORS_OF_ITS_OWN) // 2}
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen relay
  bind {as_haproxy_has_it(address)} backlog 4096
  server the_server {as_haproxy_has_it(lab.server_address)}
""")
        self.launch(lab, ["haproxy", "-db", "-f", path], serves, address)

    def version(self):
        return first_line(["haproxy", "-v"])
