"""The productions: what clients say, one file for each theme.

Left out because two direct runs may differ, or because docs/differences.md says that lockstep answers otherwise:

- connection ids, USER(), SHOW STATUS, the process list, times without SET timestamp, RAND() without a seed, UUID()
- a login with collation 255 on MariaDB, which does not know it: what a reset makes of it is not defined
- KILL, COM_CHANGE_USER that fails, completion_type RELEASE, schemas that somebody else drops
- session_track_schema, _state_change and _system_variables are set, never read
- SET GLOBAL, and everything else that other sessions of the server would notice
- a small max_join_size: what it refuses follows from estimates
- SHOW COLUMNS that compares names with a number: in which order MySQL warns of them follows from statistics
- SHOW of a table that is not there while MySQL is in information_schema: the error is 1109 or 1146
- temporary tables, locks and SELECT … INTO @v made by a trigger or behind a view
- SET STATEMENT for a client with trackers (MariaDB reports its end late, with whatever is reported next)
"""

# The order of these imports is that of PRODUCTIONS, and what a seed gives follows from it.
from . import data, schema, variables, lexing, charset, user_variables  # noqa: F401, I001
from . import last_insert_id, diagnostics, transactions, temporary, definitions, locks  # noqa: F401
from . import prepared, text_prepared, routines, multi, commands, dialects, roles, trackers  # noqa: F401
