"""Roles: what they permit goes where their client goes, and to nobody else."""

from bench import error_of, eventually, on, rows, value

ER_NO_SUCH_TABLE_OR_DENIED = (1142, 1044, 1049, 1370)


def is_mariadb(server):
    return server.name.startswith("mariadb")


def make_accounts(bench, server):
    """`worker` may use the table only with the role `reader`."""
    drop_accounts(server)
    server.administer(f"""
        CREATE TABLE {bench.database}.secret (a INT); INSERT INTO {bench.database}.secret VALUES (1);
        CREATE ROLE reader; CREATE ROLE idler;
        GRANT SELECT ON {bench.database}.secret TO reader; GRANT SELECT ON demo.* TO idler;
        CREATE USER worker@'%' IDENTIFIED BY 'worker'; GRANT SELECT ON test.* TO worker@'%';
        GRANT reader TO worker@'%'; GRANT idler TO worker@'%'""")


def drop_accounts(server):
    server.administer("DROP ROLE IF EXISTS reader, idler; DROP USER IF EXISTS worker@'%'")


def users():
    return [{"name": "app", "password": "app"}, {"name": "worker", "password": "worker"}]


def worker(bench, lockstep):
    return bench.connect(lockstep.port, "worker", database="test")


def role_of(client):
    return value(client, "SELECT CURRENT_ROLE()")


@on("mariadb-1", "mysql-1")
def test_privileges_of_roles(bench, server):
    """Of clients that share one server session, only the one with the role reads the table; none of them is pinned."""
    make_accounts(bench, server)
    try:
        with bench.lockstep(server, cores=1, users=users(), pool={"connections_max": 1}) as lockstep:
            reader, idler, none = (worker(bench, lockstep) for _ in range(3))
            secret = f"SELECT a FROM {bench.database}.secret"
            rows(reader, "SET ROLE reader")
            rows(idler, "SET ROLE idler")
            for _ in range(3):
                assert rows(reader, secret) == ((1,),)
                assert error_of(lambda: rows(none, secret))[0] in ER_NO_SUCH_TABLE_OR_DENIED
                assert rows(reader, secret) == ((1,),)
                assert error_of(lambda: rows(idler, secret))[0] in ER_NO_SUCH_TABLE_OR_DENIED
                assert role_of(none) in (None, "NONE")
                assert "idler" in role_of(idler)
            newcomer = worker(bench, lockstep)
            assert error_of(lambda: rows(newcomer, secret))[0] in ER_NO_SUCH_TABLE_OR_DENIED
            held = [pin for session in lockstep.json("/sessions") for hold in session["server_sessions"] for pin in hold["pins"]]
            assert set(held) <= {"diagnostics"}, held
            # A schema that only a role may use is not selected by whoever comes behind it.
            rows(idler, "SELECT 1")
            refused = error_of(lambda: bench.connect(lockstep.port, "worker", database="demo"))
            assert refused and refused[0] in ER_NO_SUCH_TABLE_OR_DENIED, refused
    finally:
        drop_accounts(server)


@on("mariadb-1", "mysql-1")
def test_revoked_role(bench, server):
    """A client whose role has been revoked is told so, and may go on with another one."""
    make_accounts(bench, server)
    try:
        with bench.lockstep(server, cores=1, users=users(), pool={"connections_max": 1}) as lockstep:
            reader, other = (worker(bench, lockstep) for _ in range(2))
            rows(reader, "SET ROLE reader")
            assert value(reader, f"SELECT a FROM {bench.database}.secret") == 1
            assert role_of(other) in (None, "NONE")
            server.administer("REVOKE reader FROM worker@'%'")
            error = error_of(lambda: rows(reader, "SELECT 1"))
            assert error and "refused the state of this session" in error[1] and "reader" in error[1], error
            rows(reader, "SET ROLE idler")
            assert "idler" in role_of(reader)
            assert role_of(other) in (None, "NONE")
    finally:
        drop_accounts(server)


@on("mariadb-1", "mysql-1")
def test_default_roles(bench, server):
    """Who comes anew has the roles of a login, on a server session where another client has put them off."""
    make_accounts(bench, server)
    try:
        server.administer(f"SET DEFAULT ROLE reader {'FOR' if is_mariadb(server) else 'TO'} worker@'%'")
        with bench.lockstep(server, cores=1, users=users(), pool={"connections_max": 1}) as lockstep:
            first = worker(bench, lockstep)
            assert "reader" in role_of(first)
            rows(first, "SET ROLE NONE")
            assert role_of(first) in (None, "NONE")
            second = worker(bench, lockstep)
            assert value(second, f"SELECT a FROM {bench.database}.secret") == 1
            assert "reader" in role_of(second)
            assert role_of(first) in (None, "NONE")
            eventually(lambda: lockstep.metrics().sum("lockstep_syncs_total", facet="role", form="pipelined") > 0, "roles are synced")
    finally:
        drop_accounts(server)
