"""Trackers that a client asks for."""

from ..model import Client, production


@production("trackers", 0.7, plain=True)
def track(c: Client):
    c.session.tracks_all = c.session.tracks_all or c.chance(0.1)
    if c.session.tracks_all and c.chance(0.3):
        return "SET session_track_system_variables = '*'"
    return c.pick(
        "SET session_track_schema = 1", "SET session_track_schema = 0", "SET SESSION session_track_state_change = 1",
        "SET session_track_state_change = 0", "SET session_track_system_variables = 'time_zone,sql_mode,autocommit'",
        "SET session_track_system_variables = ''", "SET session_track_system_variables = DEFAULT",
    )


@production("trackers", 0.5, plain=True)
def track_transaction(c: Client):
    return c.pick(
        "SET session_track_transaction_info = 'CHARACTERISTICS'", "SET session_track_transaction_info = OFF",
        "SET session_track_transaction_info = 9", "SET @@session_track_transaction_info = 'STATE'",
        "SET LOCAL session_track_transaction_info = DEFAULT",
        "SET session_track_transaction_info = 'STATE', session_track_state_change = 1",
    )
