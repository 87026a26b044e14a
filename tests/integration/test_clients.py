"""The ordinary clients used as a person would: the same output, straight and through lockstep."""

import difflib

import pymysql

from bench import error_of, on, rows, value

SCRIPT = """
CREATE TABLE people (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40), born DATE, note BLOB) CHARACTER SET utf8mb4;
INSERT INTO people (name, born, note) VALUES ('Ada', '1815-12-10', x'00ff'), ('Zoë', '1999-02-28', NULL);
INSERT INTO people (name, born, note) VALUES ('', NULL, '');
SELECT * FROM people ORDER BY id;
SHOW CREATE TABLE people;
SELECT LAST_INSERT_ID(), ROW_COUNT();
SET @limit = 2;
PREPARE few FROM 'SELECT name FROM people ORDER BY id LIMIT ?';
EXECUTE few USING @limit;
DEALLOCATE PREPARE few;
SET sql_mode = '';
INSERT INTO people (name) VALUES (REPEAT('x', 41));
SHOW WARNINGS;
SET sql_mode = 'ANSI_QUOTES';
SELECT "name" FROM people WHERE id = 1;
SET NAMES latin1;
SELECT HEX(name), @@character_set_client FROM people WHERE id = 2;
BEGIN;
DELETE FROM people;
ROLLBACK;
SELECT COUNT(*) FROM people;
CREATE TEMPORARY TABLE shadow SELECT id FROM people;
SELECT COUNT(*) FROM shadow;
DELIMITER //
CREATE PROCEDURE both_of(n INT) BEGIN SELECT n; SELECT n + 1; SET @out = n * 2; END//
DELIMITER ;
CALL both_of(20);
SELECT @out;
DROP PROCEDURE both_of;
DROP TABLE people;
SELECT * FROM people;
"""


def mariadb_client(port, database, *options):
    return ["mariadb", *login_options(port), *options, database]


def login_options(port):
    return ["--no-defaults", "--host=127.0.0.1", f"--port={port}", "--user=app", "--password=app"]


def check_same_output(bench, straight, through, **options):
    answers = [bench.run(command, **options) for command in (straight, through)]
    for stream in ("stdout", "stderr"):
        expected, found = (getattr(answer, stream).splitlines() for answer in answers)
        difference = difflib.unified_diff(expected, found, "straight", "through", lineterm="")
        assert found == expected, f"{stream}:\n" + "\n".join(difference)
    assert answers[0].returncode == answers[1].returncode
    return answers[1]


@on("mariadb-1", "mysql-1")
def test_command_line_client(bench, server):
    """A session of the command-line client prints the same, byte for byte, whichever policy routes it."""
    for policy in ("least_sync", "rotate"):
        with bench.lockstep(server, routing={"policy": policy}) as lockstep:
            commands = (mariadb_client(port, bench.database, "--table", "--force", "-vvv", "--disable-reconnect")
                        for port in (server.port, lockstep.port))
            answer = check_same_output(bench, *map(without_times, commands), input=SCRIPT)
            assert "Zo" in answer.stdout and "doesn't exist" in answer.stderr


def without_times(command):
    """The client prints how long each statement took: that differs between any two runs."""
    return ["sh", "-c", '"$@" | sed -E "s/\\([0-9.]+ sec\\)/(time)/"', "sh", *command]


def test_mysql_client(bench):
    """MySQL's own command-line client works over lockstep as it does straight."""
    server = bench.server("mysql-1")

    def command(port):
        return server.root.command("mysql", *login_options(port), "--ssl-mode=DISABLED", "--get-server-public-key",
                                   "--table", "--force", bench.database)

    with bench.lockstep(server) as lockstep:
        check_same_output(bench, command(server.port), command(lockstep.port), input=SCRIPT)


def test_dump(bench):
    """A dump taken through lockstep equals one taken straight, and can be loaded again through lockstep."""
    server = bench.server("mariadb-1")
    server.administer(f"""
        USE {bench.database};
        CREATE TABLE dumped (a INT PRIMARY KEY, b TEXT) CHARACTER SET utf8mb4;
        INSERT INTO dumped SELECT seq, REPEAT(CHAR(97 + seq % 26), seq) FROM seq_1_to_2000;
        CREATE VIEW seen AS SELECT COUNT(*) AS n, SUM(LENGTH(b)) AS bytes FROM dumped""")
    with bench.lockstep(server) as lockstep:
        def dump(port):
            return ["mariadb-dump", *login_options(port), "--single-transaction", "--skip-dump-date", "--routines",
                    bench.database]

        dumped = check_same_output(bench, dump(server.port), dump(lockstep.port))
        assert dumped.returncode == 0, dumped.stderr
        rows(bench.connect(lockstep.port), "DROP TABLE dumped")
        loaded = bench.run(mariadb_client(lockstep.port, bench.database), input=dumped.stdout)
        assert loaded.returncode == 0, loaded.stderr
        assert rows(bench.connect(lockstep.port), "SELECT * FROM seen") == ((2000, 2001000),)


@on("mariadb-1", "mysql-1")
def test_driver(bench, server):
    """PyMySQL's own ways: autocommit, executemany, streaming, schema changes, procedures, errors, big values."""
    with bench.lockstep(server) as lockstep:
        connection = bench.connect(lockstep.port, charset="utf8mb4")
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS driven")
            cursor.execute("CREATE TABLE driven (a INT PRIMARY KEY, b LONGBLOB)")
            connection.autocommit(False)
            cursor.executemany("INSERT INTO driven VALUES (%s, %s)", [(n, b"x" * n) for n in range(1000)])
            assert cursor.rowcount == 1000
            connection.rollback()
            assert value(connection, "SELECT COUNT(*) FROM driven") == 0
            cursor.executemany("INSERT INTO driven VALUES (%s, %s)", [(n, b"\0\xff'\\") for n in range(1000)])
            connection.commit()
            big = bytes(range(256)) * 4 * 8192
            cursor.execute("INSERT INTO driven VALUES (-1, _binary %s)", (big,))
            connection.commit()
            cursor.execute("SELECT b FROM driven WHERE a = -1")
            assert cursor.fetchone()[0] == big
            error = error_of(lambda: rows(connection, "INSERT INTO driven VALUES (1, '')"))
            assert error[0] == 1062, error
            connection.select_db("demo")
            assert value(connection, "SELECT DATABASE()") == "demo"
            connection.ping(reconnect=False)
        with connection.cursor(pymysql.cursors.SSCursor) as stream:
            stream.execute(f"SELECT a FROM {bench.database}.driven ORDER BY a")
            assert sum(1 for _ in stream) == 1001
        rows(connection, f"DROP TABLE {bench.database}.driven")
        connection.close()


@on("mariadb-1", "mysql-1")
def test_many_clients_share_few_server_sessions(bench, server):
    """Twenty clients, each with its own settings, are served right by no more than four server sessions."""
    with bench.lockstep(server, pool={"connections_max": 4}) as lockstep:
        clients = [bench.connect(lockstep.port) for _ in range(20)]
        for number, client in enumerate(clients):
            rows(client, f"SET time_zone = '+0{number % 10}:00', group_concat_max_len = {1000 + number}")
        for _ in range(3):
            for number, client in enumerate(clients):
                settings = rows(client, "SELECT @@time_zone, @@group_concat_max_len")
                assert settings == ((f"+0{number % 10}:00", 1000 + number),), settings
        assert lockstep.metrics().sum("lockstep_server_sessions") <= 4
