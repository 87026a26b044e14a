"""COM_RESET_CONNECTION and COM_CHANGE_USER: what pools of connections send between two of their users."""

from bench import PAIRS, eventually, on
from wire import Command, Connection

ROUNDS = 50
LATIN1_SWEDISH_CI = 8


def answered_here(lockstep):
    return lockstep.metrics().sum("lockstep_resets_answered_total")


def sent(lockstep):
    return lockstep.metrics().sum("lockstep_server_bytes_sent_total")


def wait_until_idle(lockstep):
    """What a session that was given back still says to its server is said."""
    def phases():
        return {session["phase"] for server in lockstep.json("/pools") for pool in server["pools"] for session in pool["sessions"]}
    eventually(lambda: phases() == {"idle"}, "every server session is idle")


def reset(client):
    reply = client.command(Command.COM_RESET_CONNECTION)
    assert reply.error is None, reply.error
    return reply


def settings_of(client):
    return client.query(b"SELECT @@time_zone = @@global.time_zone, @a, LAST_INSERT_ID(), @@character_set_client").rows()


@on("mariadb-1", "mysql-1")
def test_resets_ask_no_server(bench, server):
    """Once a server has shown what a reset leads to, clients with nothing left on a server are reset at once."""
    with bench.lockstep(server, cores=1) as lockstep, Connection(("127.0.0.1", server.port)) as direct:
        with Connection(("127.0.0.1", lockstep.port)) as client:
            reset(client)
            wait_until_idle(lockstep)
            before, bytes_before = answered_here(lockstep), sent(lockstep)
            for _ in range(ROUNDS):
                reset(client)
            assert answered_here(lockstep) - before == ROUNDS
            assert sent(lockstep) == bytes_before
            for one in (client, direct):
                one.query(b"SET time_zone = '+05:00', @a = 7, last_insert_id = 3")
                reset(one)
            assert settings_of(client) == settings_of(direct)
            assert answered_here(lockstep) - before == ROUNDS + 1
        # Another login with the same character set needs no first time.
        with Connection(("127.0.0.1", lockstep.port)) as other:
            other.query(b"SET @a = 8")
            reset(other)
            assert answered_here(lockstep) - before == ROUNDS + 2
            assert settings_of(other) == settings_of(direct)


@on("mariadb-1", "mysql-1")
def test_what_others_can_see_is_gone_first(bench, server):
    """Whoever hears that the session is reset, or another user's, finds its locks free."""
    free = b"SELECT IS_FREE_LOCK('resets')"
    with bench.lockstep(server, cores=1) as lockstep, Connection(("127.0.0.1", server.port)) as direct:
        with Connection(("127.0.0.1", lockstep.port)) as client:
            reset(client)
            for forget in (lambda: reset(client), lambda: client.change_user("app", "app")):
                for _ in range(ROUNDS):
                    assert client.query(b"SELECT GET_LOCK('resets', 5)").rows() == [(b"1",)]
                    assert direct.query(free).rows() == [(b"0",)]
                    forget()
                    assert direct.query(free).rows() == [(b"1",)]


@on("mariadb-1", "mysql-1")
def test_change_user_asks_no_server(bench, server):
    """A user who is known, without a schema that would have to exist."""
    with bench.lockstep(server, cores=1) as lockstep, Connection(("127.0.0.1", lockstep.port)) as client:
        wait_until_idle(lockstep)
        bytes_before = sent(lockstep)
        for _ in range(ROUNDS):
            assert client.change_user("app", "app").error is None
        assert sent(lockstep) == bytes_before
        assert client.query(b"SELECT DATABASE()").rows() == [(None,)]


@on(*PAIRS)
def test_character_sets_behind_a_reset(bench, pair):
    """Whichever server session is reset, and whoever logged in on it: MariaDB goes back to the client's own login."""
    asked = b"SELECT @@character_set_client, @@character_set_results, @@collation_connection"
    with Connection(("127.0.0.1", pair[0].port), collation=LATIN1_SWEDISH_CI) as direct:
        reset(direct)
        expected = direct.query(asked).rows()
    for turns in range(4):
        with bench.lockstep(*pair, cores=1, routing={"policy": "rotate"}) as lockstep:
            with Connection(("127.0.0.1", lockstep.port)) as other, \
                    Connection(("127.0.0.1", lockstep.port), collation=LATIN1_SWEDISH_CI) as client:
                for turn in range(turns):
                    (other if turn % 2 == 0 else client).query(b"DO 1")
                reset(client)
                assert client.query(asked).rows() == expected
