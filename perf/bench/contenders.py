"""What can stand in the middle. Each contender starts its process and tells where clients connect."""

import json
import os
import resource
import shlex
import subprocess
import urllib.request

from bench.process import LabError, Process, free_port, page_serves, port_serves
from testbed.lockstep import Metrics


class Contender:
    """`label` names it in tables; `address` and `process` are set by start(). Its cost is told in that of `baseline`."""

    baseline = "floor"
    load_arguments = ()  # in place of the run's

    def __init__(self, label):
        self.label = label
        self.address = None
        self.process = None

    def start(self, lab):
        raise NotImplementedError

    def launch(self, lab, command, serves, port):
        self.process = Process(self.label, command, lab.middle_cpu, lab.folder)
        self.process.wait_until(serves)
        self.address = f"127.0.0.1:{port}"

    def clients(self, connections):
        """How many make what the table calls so many connections."""
        return connections

    def counters(self):
        """All metrics now, of who has any."""
        return None

    def version(self):
        return ""

    def stop(self):
        if self.process:
            self.process.stop()


class Direct(Contender):
    """Nothing in the middle: the ends alone."""

    def start(self, lab):
        self.address = lab.server_address


class Command(Contender):
    """Any relay, as a command with {listen} and {to}."""

    def __init__(self, label, template):
        super().__init__(label)
        self.template = template

    def start(self, lab):
        port = free_port()
        command = [word.format(listen=f"127.0.0.1:{port}", to=lab.server_address)
                   for word in shlex.split(self.template)]
        self.launch(lab, command, port_serves(port), port)


def floor(lab_programs):
    return Command("floor", shlex.quote(os.path.join(lab_programs, "floor")) + " --listen {listen} --to {to}")


class HaProxy(Contender):
    """HAProxy in TCP mode, one thread, as its package has it."""

    def start(self, lab):
        port = free_port()
        # HAProxy wants two descriptors for each of maxconn, and refuses to start without them.
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 100
        path = os.path.join(lab.folder, self.label + ".cfg")
        with open(path, "w", encoding="utf-8") as config:
            config.write(f"""global
  nbthread 1
  maxconn {min(limit, 8000)}
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen relay
  bind 127.0.0.1:{port}
  server the_server {lab.server_address}
""")
        self.launch(lab, ["haproxy", "-db", "-f", path], port_serves(port), port)

    def version(self):
        return first_line(["haproxy", "-v"])


class Lockstep(Contender):
    """A lockstep binary with a generated configuration, one core."""

    def __init__(self, label, path, extra_settings):
        super().__init__(label)
        self.path = os.path.abspath(path)
        self.extra_settings = extra_settings
        self.admin = None

    def start(self, lab):
        if not os.access(self.path, os.X_OK):
            raise LabError(f"{self.label}: {self.path} is not a program")
        port, admin = free_port(), free_port()
        settings = {
            "listen": f"127.0.0.1:{port}",
            "admin": f"127.0.0.1:{admin}",
            "cores": 1,
            "users": [{"name": lab.user, "password": lab.password}],
            "groups": [{"name": "main", "servers": [
                {"name": "server", "address": lab.server_address, "role": "primary", "weight": 1}]}],
        }
        settings.update(self.extra_settings)
        path = os.path.join(lab.folder, self.label.replace(" ", "_") + ".json")
        with open(path, "w", encoding="utf-8") as config:
            json.dump(settings, config, indent=2)
        self.admin = f"http://127.0.0.1:{admin}"
        self.launch(lab, [self.path, "--config", path], page_serves(self.admin + "/readyz"), port)

    def counters(self):
        with urllib.request.urlopen(self.admin + "/metrics", timeout=10) as answer:
            return Metrics(answer.read().decode())

    def version(self):
        return first_line([self.path, "--version"])


def labelled(text, otherwise):
    """`LABEL=VALUE`, or a value whose label is `otherwise`."""
    label, mark, value = text.partition("=")
    return (label, value) if mark else (otherwise, text)


def first_line(command):
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (answer.stdout or answer.stderr).strip().split("\n")[0]
