"""Logging in: what a client is told by lockstep is what the server itself would tell it."""

import hashlib

from bench import error_of, eventually, on, rows, value
from wire import Connection, LoginError

APP_AND_EMPTY = [{"name": "app", "password": "app"}, {"name": "empty", "password": ""}]


def twice(algorithm, password):
    return hashlib.new(algorithm, hashlib.new(algorithm, password.encode()).digest()).hexdigest()


def check_same_error(bench, server, lockstep, **login):
    """The same login fails in the same way, straight and through lockstep."""
    straight = error_of(lambda: bench.connect(server.port, **login))
    through = error_of(lambda: bench.connect(lockstep.port, **login))
    assert straight is not None, f"{login} was meant to fail"
    assert through == straight, f"{login}\n  straight: {straight}\n  through:  {through}"


@on("mariadb-1", "mysql-1")
def test_refusals_are_the_servers_own(bench, server):
    """Wrong passwords, unknown users and databases are refused with the number and the text of a direct login."""
    with bench.lockstep(server, users=APP_AND_EMPTY) as lockstep:
        check_same_error(bench, server, lockstep, user="app", password="wrong")
        check_same_error(bench, server, lockstep, user="app", password="")
        check_same_error(bench, server, lockstep, user="nobody", password="x")
        check_same_error(bench, server, lockstep, user="nobody", password="")
        check_same_error(bench, server, lockstep, user="empty", password="something")
        check_same_error(bench, server, lockstep, user="app", password="app", database="no_such_database")
        check_same_error(bench, server, lockstep, user="empty", password="", database="mysql")


@on("mariadb-1", "mysql-1")
def test_a_refused_login_harms_nobody(bench, server):
    """After a hundred refused logins the same lockstep serves a good one."""
    with bench.lockstep(server) as lockstep:
        for _ in range(100):
            assert error_of(lambda: bench.connect(lockstep.port, password="wrong"))[0] == 1045
        assert value(bench.connect(lockstep.port), "SELECT 1") == 1
        assert lockstep.metrics().sum("lockstep_logins_failed_total") == 100


@on("mariadb-1", "mysql-1")
def test_identity_and_schema_are_as_in_a_direct_login(bench, server):
    """USER(), CURRENT_USER() and DATABASE() are those of a direct login."""
    question = "SELECT USER(), CURRENT_USER(), DATABASE(), @@version"
    with bench.lockstep(server, users=APP_AND_EMPTY) as lockstep:
        for user, password, database in (("app", "app", bench.database), ("empty", "", "demo")):
            straight = rows(bench.connect(server.port, user, password, database), question)
            through = rows(bench.connect(lockstep.port, user, password, database), question)
            assert straight == through


@on("mariadb-1", "mysql-1")
def test_empty_password(bench, server):
    """A user without a password logs in."""
    with bench.lockstep(server, users=[{"name": "empty", "password": ""}]) as lockstep:
        assert value(bench.connect(lockstep.port, "empty", "", "demo"), "SELECT 1") == 1


def test_native_hash_is_enough(bench):
    """With no more than SHA1(SHA1(password)) in the configuration, a client logs in and so does lockstep behind it."""
    server = bench.server("mariadb-1")
    hash_as_printed = "*" + twice("sha1", "native").upper()
    with bench.lockstep(server, users=[{"name": "native", "password_native": hash_as_printed}]) as lockstep:
        assert value(bench.connect(lockstep.port, "native"), "SELECT CURRENT_USER()") == "native@%"
        check_same_error(bench, server, lockstep, user="native", password="wrong")


def test_sha2_hash_is_enough(bench):
    """With no more than SHA256(SHA256(password)) in the configuration, login works once the server knows the user."""
    server = bench.server("mysql-1")
    with bench.lockstep(server, users=[{"name": "app", "password_sha2": twice("sha256", "app")}]) as lockstep:
        assert value(bench.connect(lockstep.port), "SELECT CURRENT_USER()") == "app@%"
        check_same_error(bench, server, lockstep, user="app", password="wrong")


def test_cold_cache_of_the_server(bench):
    """A server that must see the password itself gets it, RSA-encrypted; the client notices nothing."""
    server = bench.server("mysql-1")
    server.administer("FLUSH PRIVILEGES")
    try:
        with bench.lockstep(server) as lockstep:
            assert value(bench.connect(lockstep.port), "SELECT CURRENT_USER()") == "app@%"
    finally:
        server.warm_logins()


def test_sha256_password(bench):
    """An account of the old plugin sha256_password is logged in to with its password, RSA-encrypted; hashes are not
    enough for it, and the error says so."""
    server = bench.server("mysql-1")
    server.administer("CREATE USER IF NOT EXISTS old@'%' IDENTIFIED WITH sha256_password BY 'old';"
                      "GRANT ALL ON *.* TO old@'%'")
    try:
        with bench.lockstep(server, users=[{"name": "old", "password": "old"}]) as lockstep:
            assert value(bench.connect(lockstep.port, "old"), "SELECT CURRENT_USER()") == "old@%"
            check_same_error(bench, server, lockstep, user="old", password="wrong")
        users = [{"name": "old", "password_sha2": twice("sha256", "old")}, {"name": "app", "password": "app"}]
        with bench.lockstep(server, users=users) as lockstep:
            code, text = error_of(lambda: bench.connect(lockstep.port, "old"))
            assert code == 1105 and "needs the password in clear text" in text, text
            assert value(bench.connect(lockstep.port), "SELECT 1") == 1
            assert lockstep.get("/readyz")[0] == 200
    finally:
        server.administer("DROP USER old@'%'")


def test_decoys_for_unknown_users(bench):
    """MySQL asks users it does not know to switch to a plugin drawn by chance: each ends in the same refusal."""
    server = bench.server("mysql-1")
    strangers = [f"stranger{number}" for number in range(12)]
    users = [{"name": "app", "password": "app"}, *({"name": name, "password": "x"} for name in strangers)]
    with bench.lockstep(server, users=users) as lockstep:
        for name in strangers:
            check_same_error(bench, server, lockstep, user=name, password="x")


@on("mariadb-1", "mysql-1")
def test_user_that_the_server_refuses(bench, server):
    """A user whom lockstep knows but the server refuses gets the server's refusal, not silence."""
    users = [{"name": "app", "password": "app"}, {"name": "stranger", "password": "x"}]
    with bench.lockstep(server, users=users) as lockstep:
        check_same_error(bench, server, lockstep, user="stranger", password="x")
        assert value(bench.connect(lockstep.port), "SELECT 1") == 1


@on("mariadb-1", "mysql-1")
def test_too_many_sessions(bench, server):
    """Beyond sessions_max a client is told 1040, and a place that becomes free is given again."""
    with bench.lockstep(server, sessions_max=2, cores=1) as lockstep:
        first, second = bench.connect(lockstep.port), bench.connect(lockstep.port)
        assert refusal(lockstep) == (1040, "Too many connections")
        assert value(first, "SELECT 1") == 1 and value(second, "SELECT 2") == 2
        first.close()
        # The end of a session reaches lockstep a moment after the client closed it: refusals until then are right.
        eventually(lambda: error_of(lambda: bench.connect(lockstep.port)) is None, "the place is given again")


def refusal(lockstep):
    """What a client is told in place of a greeting: an ERR packet without SQLSTATE, which PyMySQL does not expect."""
    try:
        Connection(("127.0.0.1", lockstep.port)).quit()
    except LoginError as error:
        return error.code, error.text
    return None


@on("mariadb-1", "mysql-1")
def test_change_user(bench, server):
    """COM_CHANGE_USER through lockstep ends in the other user's session, with the state of a fresh one."""
    with bench.lockstep(server, users=APP_AND_EMPTY) as lockstep:
        answers = []
        for port in (server.port, lockstep.port):
            with Connection(("127.0.0.1", port), database=bench.database) as client:
                client.query(b"SET @a = 1, time_zone = '+05:00'")
                changed = client.change_user("empty", "", "demo")
                assert changed.error is None, changed.error
                answers.append(client.query(b"SELECT USER(), DATABASE(), @a, @@time_zone").rows())
        assert answers[0] == answers[1], answers
