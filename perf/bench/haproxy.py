"""HAProxy in TCP mode, one thread, as its package has it."""

import os
import shutil

from bench.contender import Contender, descriptors_max, first_line
from bench.process import free_port, port_serves

# HAProxy wants two descriptors for each of maxconn, some for itself, and refuses to start without them.
DESCRIPTORS_OF_ITS_OWN = 100


class HaProxy(Contender):
    def missing(self):
        return "" if shutil.which("haproxy") else "haproxy is not installed (package haproxy)"

    def start(self, lab, settings=None):
        port = free_port()
        path = os.path.join(lab.folder, self.label + ".cfg")
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
  bind 127.0.0.1:{port} backlog 4096
  server the_server {lab.server_address}
""")
        self.launch(lab, ["haproxy", "-db", "-f", path], port_serves(port), port)

    def version(self):
        return first_line(["haproxy", "-v"])
