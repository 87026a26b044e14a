"""Drivers of other languages (tests/compat): each is told the same, straight and through lockstep."""

import os

from bench import REPOSITORY, on

PROGRAMS = REPOSITORY / "tests" / "compat"
DEBIAN_GO = {"GOPATH": "/usr/share/gocode", "GO111MODULE": "off"}


def check_driver(bench, server, command, **options):
    straight = bench.run([*command, str(server.port), bench.database], **options)
    assert straight.returncode == 0, straight.stdout + straight.stderr
    for policy in ("least_sync", "rotate"):
        with bench.lockstep(server, routing={"policy": policy}) as lockstep:
            through = bench.run([*command, str(lockstep.port), bench.database], **options)
        assert through.stdout == straight.stdout, f"{policy}\nstraight:\n{straight.stdout}\nthrough:\n{through.stdout}"
        assert through.returncode == 0, through.stderr


@on("mariadb-1", "mysql-1")
def test_php(bench, server):
    """mysqli and PDO, over PHP's own implementation."""
    check_driver(bench, server, ["php", str(PROGRAMS / "dialogue.php")])


@on("mariadb-1", "mysql-1")
def test_perl(bench, server):
    """DBD::MariaDB with statements prepared by the server."""
    check_driver(bench, server, ["perl", str(PROGRAMS / "dialogue.pl")])


@on("mariadb-1")
def test_node(bench, server):
    """Node's mysql, which sends without waiting for replies to what it sent on other connections."""
    check_driver(bench, server, ["nodejs", str(PROGRAMS / "dialogue.js")],
                 env={**os.environ, "NODE_PATH": "/usr/share/nodejs"})


@on("mariadb-1", "mysql-1")
def test_go(bench, server):
    """go-sql-driver under database/sql."""
    program = bench.folder / "dialogue-go"
    if not program.exists():
        built = bench.run(["go", "build", "-o", str(program), str(PROGRAMS / "dialogue.go")], seconds_max=300,
                          env={**os.environ, **DEBIAN_GO, "GOCACHE": str(bench.state.folder / "go-cache")})
        assert built.returncode == 0, built.stderr
    check_driver(bench, server, [str(program)])
