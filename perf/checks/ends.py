"""The canned server and the load generator, which are each other's first test."""

import contextlib
import itertools
import json
import tempfile
import threading
import unittest

from checks.support import RawClient, connect, load, read_all, running, serving

MIXES = ["point", "point-prepared", "write", "range", "bulk", "rw", "set"]


def relay_login(client, upstream):
    """Greeting, handshake response, OK."""
    client.sendall(upstream.recv(65536))
    upstream.sendall(client.recv(65536))
    client.sendall(upstream.recv(65536))


class CannedAndLoad(unittest.TestCase):
    def test_every_mix_runs_clean_in_both_flavours_and_both_dialects(self):
        for flavor in ("mysql", "mariadb"):
            with running("canned", "--flavor", flavor) as server, running("floor", "--to", server) as address:
                for mix in MIXES:
                    for dialect in ([], ["--eof"]):
                        with self.subTest(flavor=flavor, mix=mix, dialect=dialect):
                            answer = load(address, "--connections", "8", "--mix", mix, *dialect)
                            self.assertEqual(answer.returncode, 0, answer.stderr + answer.stdout)
                            result = json.loads(answer.stdout)
                            self.assertGreater(result["statements"], 0)
                            if mix == "range":
                                self.assertEqual(result["rows"], 100 * result["statements"])

    def test_a_wrong_password_is_refused_and_said_so(self):
        with running("canned") as server:
            answer = load(server, "--password", "wrong")
            self.assertEqual(answer.returncode, 1)
            self.assertIn("login failed: 1045", answer.stderr)

    def run_statement(self, server, statement, *arguments):
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as statements:
            statements.write(statement + "\n")
            statements.flush()
            answer = load(server, "--warm-up", "0", "--statements", statements.name, *arguments)
        result = json.loads(answer.stdout)
        # A large result may take longer than the interval. It is complete all the same, or would be unanswered.
        self.assertEqual((result["malformed"], result["lost"], result["unanswered"], result["errors"]), (0, 0, 0, 0))
        return result

    def test_a_statement_says_the_shape_of_its_reply(self):
        """Rows, bytes and columns; sequence ids pass 255, rows one and two packets, and runs of packets are lent."""
        shapes = [(1, 0, 1), (300, 100, 1), (10_000, 100, 1), (100_000, 100, 3), (3, 1 << 20, 1), (70, 4000, 1000),
                  (1, 0xFFFFFF - 5, 1), (1, 0xFFFFFF - 4, 1), (2, 0xFFFFFF - 3, 1), (2, 40_000_000, 1)]
        with running("canned") as server, running("floor", "--to", server) as address:
            for rows, row_bytes, columns in shapes:
                for kind in ("", "prepared: "):
                    for dialect in ([], ["--eof"]):
                        with self.subTest(rows=rows, row_bytes=row_bytes, columns=columns, kind=kind, dialect=dialect):
                            result = self.run_statement(
                                address, f"{kind}SELECT /*rows={rows}*/ /*row_bytes={row_bytes}*/ /*columns={columns}*/ c",
                                "--duration", "0.5" if rows * row_bytes > 1e7 else "0.1", *dialect)
                            self.assertEqual(result["rows"], rows * result["statements"])
                            self.assertGreaterEqual(result["bytes"], row_bytes * result["rows"])

    def test_a_row_of_two_packets_is_split_where_the_protocol_says(self):
        with running("canned", "--flavor", "mariadb") as server:
            client = RawClient(server)
            with client.connection:
                row_bytes = 0xFFFFFF + 100
                client.ask(f"SELECT /*row_bytes={row_bytes}*/ c FROM t")
                client.packet()
                first, second, last = client.packet(), client.packet(), client.packet()
                self.assertEqual(len(first), 0xFFFFFF)
                self.assertEqual(first[:9], b"\xfe" + row_bytes.to_bytes(8, "little"))
                self.assertEqual(len(second), row_bytes + 9 - 0xFFFFFF)
                self.assertEqual(last[0], 0xFE)

    def test_a_large_reply_is_made_once(self):
        """Sixty-four megabytes for each of 40 clients at once take no memory but those of the one reply."""
        with running("canned") as server:
            statement = "SELECT /*rows=1*/ /*row_bytes=67108864*/ c"
            self.run_statement(server, statement)
            answer = load(server, "--connections", "1", "--slow", "40", "--slow-statement", statement, "--slow-rate", "1e5",
                          "--watch", str(server.pid))
            self.assertEqual(answer.returncode, 0, answer.stderr + answer.stdout)
            self.assertLess(json.loads(answer.stdout)["watched"][str(server.pid)]["peak_bytes"], 200 << 20)

    def test_a_pace_is_kept(self):
        with running("canned") as server:
            answer = load(server, "--connections", "10", "--pace", "500", "--duration", "1")
            self.assertEqual(answer.returncode, 0, answer.stderr + answer.stdout)
            result = json.loads(answer.stdout)
            self.assertAlmostEqual(result["statements"], 500, delta=25)
            self.assertLessEqual(result["fewest"], 52)

    def test_at_a_pace_a_stall_counts_for_every_statement_that_it_delays(self):
        """The server stops for 0.2 s once. Of 100 statements due then, all but the last few are late."""
        stalled = threading.Event()

        def watch(step, command):
            if step > 0 and not stalled.is_set():
                stalled.set()
                threading.Event().wait(0.2)

        with self.watched_server(watch) as server:
            answer = load(server, "--pace", "500", "--warm-up", "0", "--duration", "0.5")
        self.assertEqual(answer.returncode, 0, answer.stderr + answer.stdout)
        latency = json.loads(answer.stdout)["latency_us"]
        self.assertGreater(latency["p90"], 100_000)

    def test_idle_clients_are_there_and_say_nothing(self):
        counts = {"logins": 0, "commands": 0}

        def watch(step, command):
            counts["commands"] += step > 0

        with self.watched_server(watch, logged_in=lambda: counts.update(logins=counts["logins"] + 1)) as server:
            answer = load(server, "--connections", "1", "--idle", "5")
        self.assertEqual(answer.returncode, 0, answer.stderr + answer.stdout)
        result = json.loads(answer.stdout)
        self.assertEqual((counts["logins"], result["connections"]), (6, 1))
        self.assertEqual(result["fewest"], result["statements"])

    def test_slow_readers_take_what_they_are_told(self):
        with running("canned") as server:
            statement = "SELECT /*rows=1*/ /*row_bytes=67108864*/ c"
            self.run_statement(server, statement)  # makes it, so that nobody waits for that afterwards
            answer = load(server, "--slow", "4", "--slow-statement", statement, "--slow-rate", "1e6", "--duration", "1")
            self.assertEqual(answer.returncode, 0, answer.stderr + answer.stdout)
            result = json.loads(answer.stdout)
            self.assertGreater(result["statements"], 0)
            self.assertTrue(1e6 < result["slow_bytes"] < 4.5e6, result["slow_bytes"])

    def test_sessions_log_in_say_the_mix_and_quit(self):
        begun, logins = [], []
        with self.watched_server(lambda step, command: begun.append(command) if step > 0 else None,
                                 logged_in=lambda: logins.append(1)) as server, \
                tempfile.NamedTemporaryFile("w", suffix=".sql") as statements:
            statements.write("DO 1\nDO 2\n")
            statements.flush()
            answer = load(server, "--sessions", "--statements", statements.name)
        self.assertEqual(answer.returncode, 0, answer.stderr + answer.stdout)
        self.assertGreater(json.loads(answer.stdout)["statements"], 0)
        self.assertEqual(begun[:4], [b"\x03DO 1", b"\x03DO 2"] * 2)
        self.assertAlmostEqual(len(logins), len(begun) / 2, delta=2)  # the first one logs in only to find out that it may

    def test_ways_to_go_on_exclude_each_other(self):
        with running("canned") as server:
            self.assertIn("one at a time", load(server, "--pace", "1", "--in-turn").stderr)

    def test_connect_only_counts_logins(self):
        with running("canned") as server:
            answer = load(server, "--connect-only", "--connections", "4")
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertGreater(json.loads(answer.stdout)["statements"], 0)

    @contextlib.contextmanager
    def watched_server(self, watch, logged_in=lambda: None):
        """A canned server behind a relay that calls `watch(+1, command)` with each command and `watch(-1, command)`
        when its reply is there, and `logged_in()` after each login."""
        with running("canned") as server:
            def relay(client):
                with connect(server) as upstream:
                    relay_login(client, upstream)
                    logged_in()
                    while (request := client.recv(65536)) and request[4:] != b"\x01":  # COM_QUIT
                        watch(+1, request[4:])
                        upstream.sendall(request)
                        answer = upstream.recv(65536)
                        watch(-1, request[4:])
                        client.sendall(answer)

            with serving(relay) as address:
                yield address

    def test_each_connection_begins_with_its_own_statements(self):
        begun = []
        with self.watched_server(lambda step, command: begun.append(command) if step > 0 else None) as server, \
                tempfile.NamedTemporaryFile("w", suffix=".sql") as statements:
            statements.write("prepared: SELECT 'of {connection}'\n")
            statements.flush()
            answer = load(server, "--statements", statements.name, "--init", "SET @a={connection}0", "--init",
                          "SET @b={connection%7}1")
        self.assertEqual(answer.returncode, 0, answer.stderr + answer.stdout)
        self.assertEqual(begun[:3], [b"\x03SET @a=00", b"\x03SET @b=01", b"\x16SELECT 'of 0'"])

    def test_connections_in_turn_have_one_statement_under_way(self):
        under_way, most, lock = 0, 0, threading.Lock()

        def watch(step, command):
            nonlocal under_way, most
            with lock:
                under_way += step
                most = max(most, under_way)

        for in_turn in ([], ["--in-turn"]):
            most = 0
            with self.watched_server(watch) as server:
                answer = load(server, "--connections", "4", *in_turn)
            self.assertEqual(answer.returncode, 0, answer.stderr + answer.stdout)
            self.assertEqual(most == 1, bool(in_turn))
        result = json.loads(answer.stdout)
        self.assertLessEqual(result["statements"] - 4 * result["fewest"], 3)

    def test_a_watched_process_tells_its_memory_and_switches(self):
        with running("canned") as server:
            answer = load(server, "--watch", str(server.pid))
            self.assertEqual(answer.returncode, 0, answer.stderr + answer.stdout)
            watched = json.loads(answer.stdout)["watched"][str(server.pid)]
            self.assertGreater(watched["resident_bytes"], 1 << 20)
            self.assertGreaterEqual(watched["peak_bytes"], watched["resident_bytes"] - (1 << 20))
            self.assertGreater(watched["voluntary_switches"] + watched["involuntary_switches"], 0)

    def test_an_unknown_variable_is_an_error_that_load_counts(self):
        with running("canned") as server, tempfile.NamedTemporaryFile("w", suffix=".sql") as statements:
            statements.write("SELECT @@no_such_variable\n")
            statements.flush()
            answer = load(server, "--statements", statements.name)
            self.assertEqual(answer.returncode, 1)
            result = json.loads(answer.stdout)
            self.assertEqual(result["errors"] >= result["statements"] > 0, True)
            self.assertIn("1193", result["problem"])

    def test_trackers_report_what_a_session_sets(self):
        """Bytes sent one at a time, replies compared byte by byte."""
        with running("canned", "--flavor", "mariadb") as server:
            client = RawClient(server)
            with client.connection:
                client.ask("SET session_track_system_variables='sql_mode', session_track_transaction_info='STATE'")
                self.assertEqual(client.ask("SET SESSION sql_mode='ANSI'"),
                                 bytes.fromhex("00 00 00 0240 0000 00 10 00 0e") + b"\x08sql_mode\x04ANSI")
                self.assertEqual(client.ask("SET @@sql_mode=''"), bytes.fromhex("00 00 00 0200 0000"))
                self.assertEqual(client.ask("USE other"),
                                 bytes.fromhex("00 00 00 0240 0000 00 08 01 06 05") + b"other")
                self.assertEqual(client.ask("BEGIN"),
                                 bytes.fromhex("00 00 00 0340 0000 00 0b 05 09 08") + b"T_______")
                self.assertEqual(client.ask("UPDATE t SET a=1"),
                                 bytes.fromhex("00 01 00 0340 0000 00 0b 05 09 08") + b"T___W___")

    def test_several_statements_are_answered_one_by_one(self):
        with running("canned", "--flavor", "mariadb") as server:
            client = RawClient(server)
            with client.connection:
                self.assertEqual(client.ask("SET sql_mode=''; SET time_zone='+00:00'")[:5],
                                 bytes.fromhex("00 00 00 0a00"))  # more results follow; sql_mode is not tracked
                self.assertEqual(client.packet()[3:5], bytes.fromhex("0240"))  # time_zone is
                self.assertEqual(client.ask("SET no_such=1; UPDATE t SET a=1")[:3], b"\xff\xa9\x04")
                self.assertEqual(client.ask("DO 1")[0], 0)  # and the second statement was not answered

    def test_conversions_answer_what_they_convert(self):
        for flavor, role in (("mysql", b"\x04NONE"), ("mariadb", b"\xfb")):
            with running("canned", "--flavor", flavor) as server:
                client = RawClient(server)
                with client.connection:
                    client.ask("SELECT CAST(CONVERT(CURRENT_ROLE() USING utf8mb4) AS BINARY), 'x'")
                    definitions = [client.packet(), client.packet()]
                    self.assertIn(b"CAST(CONVERT(CURRENT_ROLE() USING utf8mb4) AS BINARY)", definitions[0])
                    self.assertEqual(client.packet(), role + b"\x01x")

    def tampered(self, change):
        """What load reports when the reply to its first statement passes through `change`."""
        with running("canned") as server:
            def relay(client):
                with connect(server) as upstream:
                    client.sendall(upstream.recv(65536))
                    for reply_changes in (lambda reply: reply, change):
                        upstream.sendall(client.recv(65536))
                        client.sendall(reply_changes(upstream.recv(65536)))

            with serving(relay) as address:
                return load(address)

    def test_a_reply_that_is_cut_short_is_a_lost_connection(self):
        self.assertIn("all connections are lost", self.tampered(lambda reply: reply[:-1]).stderr)

    def test_a_reply_out_of_order_is_malformed(self):
        self.assertIn("malformed", self.tampered(lambda reply: reply[:3] + b"\x09" + reply[4:]).stderr)

    def test_bytes_behind_a_reply_are_malformed(self):
        self.assertIn("malformed", self.tampered(lambda reply: reply + b"\x00").stderr)


    def test_a_client_without_a_reply_is_counted(self):
        """One of four clients waits for its first reply to the end; the others have no share in that."""
        numbers = itertools.count()
        with running("canned") as server:
            def relay(client):
                with connect(server) as upstream:
                    relay_login(client, upstream)
                    if next(numbers) == 0:
                        read_all(client)
                    while request := client.recv(65536):
                        upstream.sendall(request)
                        client.sendall(upstream.recv(65536))

            with serving(relay) as address:
                answer = load(address, "--connections", "4")
        self.assertEqual(answer.returncode, 1)
        result = json.loads(answer.stdout)
        self.assertEqual((result["unanswered"], result["fewest"], result["errors"], result["lost"]), (1, 0, 0, 0))
        self.assertGreater(result["statements"], 0)
