"""MySQL in a folder of its own.

Debian 12 has no MySQL server; Debian's unstable suite does. The folder is a small system of that suite, made by
debootstrap, and MySQL's programs run inside it by chroot. Data folders lie in it too, so nothing is ever mounted
into it that deleting the folder could follow.
"""

import os
import pathlib
import re
import shutil
import subprocess

from .failure import Failure

SUITE = "sid"
# The library is for programs of tests/compat.
PACKAGES = ["mysql-server", "mysql-client", "mysql-testsuite", "libmysqlclient-dev"]
ROOM_BYTES = 3 << 30

# Mounts proc in a mount namespace of its own, which ends with the program: nothing is left mounted afterwards.
ENTER = 'mount -t proc proc "$1/proc" && root="$1" && shift && exec chroot "$root" "$@"'


class MysqlRoot:
    def __init__(self, state):
        self.state = state
        self.folder = state.folder / "mysql-root"
        self.complete = self.folder / ".complete"

    def command(self, *program):
        """The command line that runs a program, with its arguments, inside the folder."""
        return ["unshare", "--mount", "--propagation", "private" if root_is_mounted() else "unchanged",
                "sh", "-c", ENTER, "sh", str(self.folder), *program]

    def inside(self, path):
        """A path below the folder as programs inside it see it."""
        return "/" + str(pathlib.Path(path).relative_to(self.folder))

    def ensure(self, say):
        """Makes the folder if it is not there: about a minute and 2 GB on the first run."""
        with self.state.locked("mysql-root"):
            if self._installed() == PACKAGES:
                return
            self._check_machine()
            if not self.complete.exists():
                if self.folder.exists():
                    shutil.rmtree(self.folder)
                say(f"MySQL: making a {SUITE} system in {self.folder} (a minute or two, 2 GB)")
                self._run("debootstrap", ["debootstrap", "--variant=minbase", SUITE, str(self.folder), mirror()])
                self._keep_services_from_starting()
            self._install([package for package in PACKAGES if package not in (self._installed() or [])], say)
            self.complete.write_text("\n".join(PACKAGES) + "\n")

    def add(self, packages, say):
        """Installs packages that not everybody needs, such as mysql-router; those that are there already stay."""
        self.ensure(say)
        with self.state.locked("mysql-root"):
            self._install(packages, say)

    def program(self, path):
        """Whether the folder has that program."""
        return self.complete.exists() and (self.folder / path.lstrip("/")).exists()

    def _install(self, packages, say):
        say("MySQL: installing " + " ".join(packages))
        apt = ["apt-get", "-q", "-o", "Acquire::Check-Valid-Until=false"]
        self._run("apt-get update", self.command(*apt, "update"))
        self._run("apt-get install", self.command(*apt, "install", "-y", "--no-install-recommends", *packages))
        self._run("apt-get clean", self.command("apt-get", "clean"))

    def _installed(self):
        """The packages that the folder has, or None when it is not complete. It may be older than today's list."""
        return self.complete.read_text().split() if self.complete.exists() else None

    def _check_machine(self):
        if os.geteuid() != 0:
            raise Failure("MySQL's folder can only be made by root: run this as root (sudo)")
        if not shutil.which("debootstrap"):
            raise Failure("debootstrap is not installed: run tools/setup")
        free = shutil.disk_usage(self.state.folder).free
        if free < ROOM_BYTES:
            raise Failure(f"MySQL's folder needs 3 GB in {self.state.folder}, {free >> 20} MB are free: "
                          "make room or set LOCKSTEP_STATE to a folder with more")

    def _keep_services_from_starting(self):
        policy = self.folder / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)

    def _run(self, what, command):
        log = self.state.folder / "mysql-root.log"
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
        environment |= {name: value for name, value in os.environ.items() if name.endswith("_proxy")}
        with open(log, "ab") as output:
            result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
        if result.returncode != 0:
            raise Failure(f"{what} failed (status {result.returncode}); its last words in {log} tell why. "
                          "It needs the network, the package mirror of this machine and the right to chroot and "
                          "mount; run it again when that is given")


def root_is_mounted():
    """Whether / is a mount of its own, which unshare asks for before it makes anything private: in a chroot it is not."""
    mounts = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    return any(line.split()[4] == "/" for line in mounts)


def mirror():
    """The package mirror of this machine, read from its apt sources so that no address is written down here."""
    etc = pathlib.Path("/etc/apt")
    for path in sorted(etc.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text(errors="replace")):
            uri = re.search(r"^URIs:\s*(\S+)", stanza, re.M)
            if uri and re.search(r"^Suites:.*\b(bookworm|stable)(\s|$)", stanza, re.M):
                return uri.group(1)
    for path in [etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))]:
        if path.exists():
            line = re.search(r"^deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(?:bookworm|stable)\s", path.read_text(), re.M)
            if line:
                return line.group(1)
    raise Failure("no mirror of Debian is named in /etc/apt/sources.list.d or sources.list: add one, then try again")
