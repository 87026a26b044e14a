"""A lockstep binary with a generated configuration, one core."""

import json
import os
import urllib.request

from bench.contender import Contender, first_line
from bench.process import LabError, file_name, free_port, page_serves
from testbed.lockstep import Metrics, configuration


class Lockstep(Contender):
    descriptors_per_client = 1
    multiplexes = True
    takes_unix_sockets = True

    def __init__(self, label, path, extra_settings):
        super().__init__(label)
        self.path = os.path.abspath(path)
        self.extra_settings = extra_settings
        self.admin = None

    def start(self, lab, settings=None):
        if not os.access(self.path, os.X_OK):
            raise LabError(f"{self.label}: {self.path} is not a program")
        (address, _), admin = self.door(lab), free_port()
        path = os.path.join(lab.folder, file_name(self.label) + ".json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(configuration({"main": [("server", lab.server_address)]}, listen=[address], admin=admin, cores=1,
                                    users=[{"name": lab.user, "password": lab.password}],
                                    **{**(settings or {}), **self.extra_settings}), file, indent=2)
        self.admin = f"http://127.0.0.1:{admin}"
        self.launch(lab, [self.path, "--config", path], page_serves(self.admin + "/readyz"), address)

    def counters(self):
        with urllib.request.urlopen(self.admin + "/metrics", timeout=10) as answer:
            return Metrics(answer.read().decode())

    def version(self):
        return first_line([self.path, "--version"])
