"""What may differ between a direct session and one through lockstep.

Each excuse names its sentence of docs/differences.md word by word, as marks in scripts do: what is not there is a bug.
It matches as little as it can, because what it matches is not looked at.
"""

import dataclasses
import itertools
import re
from collections.abc import Callable, Iterator

from replay import compare
from replay.compare import contents
from replay.player import Entry
from replay.script import DIFFERENCES
from wire import Capability, Packet, Reply, Role, Status
from wire.codec import Reader
from wire.describe import state_items


@dataclasses.dataclass
class Case:
    """The replies to one step, which are not equal, and what led to them."""

    server_kind: str
    capabilities: Capability
    expected: list[Entry]
    actual: list[Entry]
    index: int

    @property
    def left(self) -> Entry:
        return self.expected[self.index]

    @property
    def right(self) -> Entry:
        return self.actual[self.index]

    @property
    def lacks_deprecate_eof(self) -> bool:
        return Capability.DEPRECATE_EOF not in self.capabilities

    def since_ok(self) -> Iterator[Entry]:
        """What the same client was answered before, back to the last answer that was no error; the last first."""
        for entry in self.before():
            yield entry
            if not entry.reply.error:
                return

    def since_error(self) -> Iterator[Entry]:
        """What the same client was answered before, behind the last error; the last first."""
        return itertools.takewhile(lambda entry: not entry.reply.error, self.before())

    def before(self) -> Iterator[Entry]:
        """What the same client was answered before, the last first."""
        return (one for one in reversed(self.expected[: self.index]) if one.client == self.left.client)


def said(sentence: str) -> None:
    if sentence not in DIFFERENCES.read_text():
        raise ValueError(f"docs/differences.md does not say: {sentence}")


# Whether two packets of a reply, at the same place, may differ. The state behind both sides is the same.
OF_PACKETS: list[Callable[[Case, int], bool]] = []
# Whether the replies may differ as a whole. What follows in the session then shows nothing.
OF_REPLIES: list[Callable[[Case], bool]] = []


def of_packets(sentence: str):
    said(sentence)
    return lambda excuse: OF_PACKETS.append(excuse) or excuse


def of_replies(sentence: str):
    said(sentence)
    return lambda excuse: OF_REPLIES.append(excuse) or excuse


def alike(case: Case) -> bool:
    """Whether the comparison may go on behind this step."""
    left, right = case.left, case.right
    if left.step.text != right.step.text or left.reply.broken != right.reply.broken:
        return False
    if len(left.reply.packets) != len(right.reply.packets):
        return False
    pairs = enumerate(zip(contents(left), contents(right)))
    return all(one == other or any(excuse(case, at) for excuse in OF_PACKETS) for at, (one, other) in pairs)


def excused(case: Case) -> bool:
    if case.index >= min(len(case.expected), len(case.actual)):
        return False
    return any(excuse(case) for excuse in OF_REPLIES)


# Packets of a reply


@of_packets("the EOF packet behind column definitions has the status flags of before the statement where the reply ends in an error")
def eof_in_front_of_an_error(case: Case, at: int) -> bool:
    left, right = packets_at(case, at)
    return left.role == right.role == Role.DEFINITIONS_EOF and bool(case.left.reply.error and case.right.reply.error)


@of_packets("nor the flag that MariaDB sets in EOF packets meanwhile")
def flag_of_late_report(case: Case, at: int) -> bool:
    left, right = packets_at(case, at)
    if case.server_kind != "mariadb" or not left.role == right.role == Role.EOF or len(left.payload) != 5:
        return False
    flag = Status.SESSION_STATE_CHANGED
    return eof_fields(left)[0] == eof_fields(right)[0] and eof_fields(left)[1] | flag == eof_fields(right)[1] | flag


@of_packets("as it does behind RETURNING of a table without transactions")
def eof_of_returning(case: Case, at: int) -> bool:
    left, right = packets_at(case, at)
    if case.server_kind != "mariadb" or not left.role == right.role == Role.DEFINITIONS_EOF:
        return False
    (warnings, status), (other_warnings, other_status) = eof_fields(left), eof_fields(right)
    text = case.left.step.text
    returns = re.search(r"\bRETURNING\b", text, re.I) or RUNS_MORE.search(text) or case.left.step.verb == "execute"
    return bool(returns) and warnings == other_warnings and status | Status.IN_TRANS == other_status


@of_packets("A client without CLIENT_DEPRECATE_EOF does not get what the end of a result reports of the session")
def late_report(case: Case, at: int) -> bool:
    fields = fields_of_oks(case, at)
    if not case.lacks_deprecate_eof or fields is None:
        return False
    (head, reported), (other_head, other_reported) = fields
    return head == other_head and len(other_reported) < len(reported) and set(other_reported) <= set(reported)


@of_packets("A report without content, which MySQL gives when a tracker is switched on, is left out, and its flag")
def empty_report(case: Case, at: int) -> bool:
    left, right = packets_at(case, at)
    if case.server_kind != "mysql" or not left.role == right.role == Role.OK:
        return False
    announced = Status.SESSION_STATE_CHANGED in status_of_ok(left) and Status.SESSION_STATE_CHANGED not in status_of_ok(right)
    return announced and ok_fields(left) == (ok_fields(right)[0], [])


@of_packets("looks like one that is NULL where another client has set one of that name on the server session")
def definition_of_unset_variable(case: Case, at: int) -> bool:
    left, right = packets_at(case, at)
    if not left.role == right.role == Role.COLUMN:
        return False
    (name, table, _), (other_name, _, _) = definition(left), definition(right)
    if name != other_name or table or not (is_null_throughout(case.left.reply, at) and is_null_throughout(case.right.reply, at)):
        return False
    runs_more = case.left.step.text.startswith(("CALL ", "VALUES ROW(@")) or case.left.step.verb == "execute"
    return NAMES_VARIABLE.search(name) is not None or runs_more


@of_packets("as has what is made of it, and naming it changes nothing that a tracker would report")
def type_of_unset_variable(case: Case, at: int) -> bool:
    """A statement that MySQL has prepared keeps the type that the variable had then."""
    left, right = packets_at(case, at)
    if case.server_kind != "mysql" or not left.role == right.role == Role.COLUMN or case.left.step.verb != "execute":
        return False
    (name, table, _), (other_name, _, _) = definition(left), definition(right)
    return name == other_name and not table and NAMES_VARIABLE.search(name) is not None


@of_packets("as has what is made of it, and naming it changes nothing that a tracker would report")
def column_of_unset_variable(case: Case, at: int) -> bool:
    left, right = packets_at(case, at)
    if not left.role == right.role == Role.COLUMN or not names_unset_variable(case):
        return False
    (name, table, _), (other_name, other_table, _) = definition(left), definition(right)
    return MADE_OF_VARIABLE.search(case.left.step.text) is not None and (name, table) == (other_name, other_table)


@of_packets("as has what is made of it, and naming it changes nothing that a tracker would report")
def coercibility_of_unset_variable(case: Case, at: int) -> bool:
    left, right = packets_at(case, at)
    if not left.role == right.role or left.role not in (Role.TEXT_ROW, Role.BINARY_ROW):
        return False
    text = prepared_text(case, case.left) or case.left.step.text
    return "COERCIBILITY(@" in text and len(left.payload) == len(right.payload) and names_unset_variable(case)


@of_packets("as has what is made of it, and naming it changes nothing that a tracker would report")
def column_of_variable_made_of_unset_one(case: Case, at: int) -> bool:
    return is_column_of_variable(case, at, made_of_unset_variables(case))


@of_packets("as has what is made of it, and naming it changes nothing that a tracker would report")
def report_of_unset_variable(case: Case, at: int) -> bool:
    """MySQL makes a variable that a statement names which writes rows."""
    fields = fields_of_oks(case, at)
    if case.server_kind != "mysql" or not names_unset_variable(case) or fields is None:
        return False
    (head, reported), (other_head, other_reported) = fields
    return head == other_head and [item for item in reported if item[0] != STATE_CHANGE] == other_reported


@of_packets("leaves a number or NULL in its variables where these were set on another server session")
def column_of_condition_that_is_not_there(case: Case, at: int) -> bool:
    asked = [entry.step.text for entry in case.before() if "GET DIAGNOSTICS CONDITION" in entry.step.text]
    named = {name.lower() for text in asked for name in VARIABLES.findall(text)}
    return case.server_kind == "mysql" and is_column_of_variable(case, at, named)


@of_packets("On MySQL, clients are not told of the schema behind an execution of a statement that was prepared in another schema")
def schema_behind_execution(case: Case, at: int) -> bool:
    fields = fields_of_oks(case, at)
    executes = any(entry.step.verb == "execute" for entry in [case.left, *case.since_ok()])
    if case.server_kind != "mysql" or not executes or fields is None:
        return False
    (head, reported), (other_head, other_reported) = fields
    return head == other_head and [item for item in reported if item[0] != SCHEMA] == other_reported


@of_packets("where the server session had to prepare it, that was in the schema that was there")
def schema_of_preparation(case: Case, at: int) -> bool:
    """DATABASE() is the first column of what sessions prepare so."""
    left, right = packets_at(case, at)
    if not left.role == right.role == Role.BINARY_ROW or not prepared_text(case, case.left).startswith("SELECT DATABASE()"):
        return False
    return is_null(left, 0) and not is_null(right, 0) and right.payload.endswith(left.payload[2:])


@of_packets("What a statement changed before its error, servers report with a later OK")
def report_behind_an_error(case: Case, at: int) -> bool:
    fields = fields_of_oks(case, at)
    # A PREPARE reports nothing.
    failed = next((entry for entry in case.before() if entry.step.verb != "prepare"), case.left).reply.error
    if not failed or fields is None:
        return False
    (head, reported), (other_head, other_reported) = fields
    return head == other_head and set(other_reported) < set(reported)


@of_packets("MariaDB reports what has changed in a statement that failed, in a routine or a trigger, with whatever is reported next")
def late_report_of_mariadb(case: Case, at: int) -> bool:
    fields = fields_of_oks(case, at)
    if case.server_kind != "mariadb" or fields is None:
        return False
    (head, reported), (other_head, other_reported) = fields
    one_more = set(reported) < set(other_reported) or set(other_reported) < set(reported)
    hidden = any(entry.reply.error or RUNS_MORE.search(entry.step.text) for entry in [case.left, *case.before()])
    return head == other_head and one_more and hidden


@of_packets("the state of a transaction that a client tracks may show a read that was lockstep's")
def read_of_lockstep(case: Case, at: int) -> bool:
    fields = fields_of_oks(case, at)
    if fields is None:
        return False
    (head, reported), (other_head, other_reported) = fields
    if len(reported) == len(other_reported):
        return head == other_head and without_reads(reported) == without_reads(other_reported)
    # A read that shows already is not reported again.
    states = [data for kind, data in reported + other_reported if kind == TRANSACTION_STATE]
    others = [[item for item in items if item[0] != TRANSACTION_STATE] for items in (reported, other_reported)]
    return head == other_head and others[0] == others[1] and len(states) == 1


@of_packets("in English and without a trace in SHOW WARNINGS")
def count_without_trace(case: Case, at: int) -> bool:
    fields = fields_of_oks(case, at)
    if fields is None or not is_without_trace(case):
        return False
    (head, reported), (other_head, other_reported) = fields
    return head[:4] + head[5:] == other_head[:4] + other_head[5:] and reported == other_reported


@of_packets("tells before the first transaction may be of one that ended on the server session before")
def characteristics_of_before(case: Case, at: int) -> bool:
    fields = fields_of_oks(case, at)
    switched_on = any("CHARACTERISTICS" in entry.step.text for entry in [case.left, *case.before()])
    if case.server_kind != "mysql" or not switched_on or fields is None:
        return False
    (head, reported), (other_head, other_reported) = fields
    others = [[item for item in items if item[0] != TRANSACTION_CHARACTERISTICS] for items in (reported, other_reported)]
    return head == other_head and others[0] == others[1]


@of_packets("until a statement has been prepared again there under another one")
def flags_of_a_routines_mode(case: Case, at: int) -> bool:
    left, right = packets_at(case, at)
    if left.role != right.role or not any(RUNS_MORE.search(entry.step.text) for entry in case.before()):
        return False
    mode = Status.NO_BACKSLASH_ESCAPES | Status.ANSI_QUOTES
    if left.role in (Role.EOF, Role.DEFINITIONS_EOF) and len(left.payload) == len(right.payload) == 5:
        fields = eof_fields(left), eof_fields(right)
        return fields[0][0] == fields[1][0] and fields[0][1] | mode == fields[1][1] | mode
    if left.role != Role.OK:
        return False
    (head, reported), (other_head, other_reported) = ok_fields(left), ok_fields(right)
    head[3], other_head[3] = head[3] | mode, other_head[3] | mode
    return head == other_head and reported == other_reported


@of_packets("`statement_id` and `last_gtid` in reports, ids in errors of unknown prepared statements count per server session")
def count_of_server_session(case: Case, at: int) -> bool:
    fields = fields_of_oks(case, at)
    if fields is None:
        return False
    (head, reported), (other_head, other_reported) = fields
    uncounted = [[item for item in items if item[1] not in (b"statement_id", b"last_gtid")] for items in (reported, other_reported)]
    return head == other_head and uncounted[0] == uncounted[1]


@of_packets("On MySQL the count of rows in the OK of CALL may be that of a statement before, of whichever client")
def rows_of_call(case: Case, at: int) -> bool:
    fields = fields_of_oks(case, at)
    calls = "CALL " in case.left.step.text or case.left.step.verb == "execute"
    if case.server_kind != "mysql" or not calls or fields is None:
        return False
    (head, reported), (other_head, other_reported) = fields
    return head[0] == other_head[0] and head[2:] == other_head[2:] and reported == other_reported


@of_packets("On MySQL a number in a user variable has a hidden character set, which CONCAT() shows")
def charset_of_number(case: Case, at: int) -> bool:
    left, right = packets_at(case, at)
    if case.server_kind != "mysql" or not left.role == right.role == Role.COLUMN:
        return False
    name = definition(left)[0]
    return name.startswith(b"CONCAT(@") and definition(left)[:2] == definition(right)[:2]


@of_packets("So the type in an error about a value may be another one (1292: INTEGER, DOUBLE, DECIMAL), and the number of warnings about it")
def type_in_error(case: Case, at: int) -> bool:
    left, right = packets_at(case, at)
    if case.server_kind != "mysql" or case.left.step.verb != "execute":
        return False
    if fields := fields_of_oks(case, at):
        (head, reported), (other_head, other_reported) = fields
        return head[:4] + head[5:] == other_head[:4] + other_head[5:] and reported == other_reported and behind_cursor(case)
    if not left.role == right.role == Role.ERR:
        return False
    return NAMES_TYPE.search(left.payload) is not None and NAMES_TYPE.sub(b"", left.payload) == NAMES_TYPE.sub(b"", right.payload)


@of_packets("the number of rows in an error about a parameter of CALL is that of a statement before, of whichever client")
def row_of_parameter(case: Case, at: int) -> bool:
    """Also where GET DIAGNOSTICS has put the error into a variable."""
    left, right = packets_at(case, at)
    if case.server_kind != "mariadb" or left.role != right.role:
        return False
    if left.role == Role.ERR:
        return AT_ROW.sub(b"", left.payload) == AT_ROW.sub(b"", right.payload)
    if left.role != Role.TEXT_ROW:
        return False
    values = [[OF_PARAMETER.sub(b"", value or b"") for value in text_values(row)] for row in (left, right)]
    return values[0] == values[1]


@of_packets("Errors that name a statement (1243, 1421) name the server's id")
def id_in_error(case: Case, at: int) -> bool:
    """Also where GET DIAGNOSTICS has put it into a variable."""
    left, right = packets_at(case, at)
    if not left.role == right.role == Role.ERR or b"statement (" not in left.payload:
        return False
    return STATEMENT_ID.sub(b"", left.payload) == STATEMENT_ID.sub(b"", right.payload)


@of_packets("an execution that binds other parameter types than the client's executions before is answered as one that is the first")
def null_flag_of_parameter(case: Case, at: int) -> bool:
    left, right = packets_at(case, at)
    if case.server_kind != "mysql" or case.left.step.verb != "execute" or not left.role == right.role == Role.COLUMN:
        return False
    (name, table, fields), (other_name, other_table, other_fields) = definition(left), definition(right)
    of_parameters = name == other_name and b"?" in name and not table and not other_table
    return of_parameters and with_not_null(fields) == with_not_null(other_fields)


# Whole replies


@of_replies("FOUND_ROWS() and ROW_COUNT() fail with error 1105 if the server session has served another client since")
def count_is_gone(case: Case) -> bool:
    return compare.count_is_gone(case.right)


@of_replies("in English and without a trace in SHOW WARNINGS")
def error_without_trace(case: Case) -> bool:
    return is_without_trace(case) and ASKS_ABOUT_ERRORS.search(case.left.step.text) is not None


@of_replies("or when a statement of the client had to be prepared on the server session first")
def list_gone_for_preparing(case: Case) -> bool:
    asks = ASKS_ABOUT_ERRORS.search(case.left.step.text) or case.left.step.verb == "execute"
    # MariaDB keeps the list behind what names no table.
    kept = case.since_error() if case.server_kind == "mariadb" else ()
    before = [case.left, *case.since_ok(), *kept]
    prepares = any(entry.step.verb in ("execute", "stmt_reset") or EXECUTES.search(entry.step.text) for entry in before)
    return bool(asks) and prepares and misses_errors(case)


@of_replies("or FOUND_ROWS() asked about a statement before that which ran on another one")
def list_gone_for_found_rows(case: Case) -> bool:
    asks = ASKS_ABOUT_ERRORS.search(case.left.step.text) is not None
    texts = [f"{entry.step.text} {prepared_text(case, entry)}" for entry in case.since_error()]
    return asks and any("FOUND_ROWS()" in text for text in texts) and misses_errors(case)


@of_replies("as has what is made of it, and naming it changes nothing that a tracker would report")
def error_of_unset_variable(case: Case) -> bool:
    """MariaDB calls NULL a wrong value for a variable, and one that was never set a wrong type."""
    errors = case.left.reply.error, case.right.reply.error
    return all(error and error[0] in (1231, 1232) for error in errors) and names_unset_variable(case)


@of_replies("finds none of that name (1243): its table or schema is gone, or may not be written in the transaction")
def statement_left_out(case: Case) -> bool:
    left, right = case.left.reply.error, case.right.reply.error
    behind_routine = any(RUNS_MORE.search(entry.step.text) for entry in case.before())
    gone = bool(left and right) and left[0] in (1049, 1146, 1792) and right[0] == 1243
    return gone and behind_routine and case.left.step.text.startswith("EXECUTE ")


@of_replies("or, in a text of several statements, user variables had to be brought for those behind")
def list_gone_for_variables(case: Case) -> bool:
    text = case.left.step.text
    asks = ASKS_ABOUT_ERRORS.search(text)
    # What others have set there is made NULL.
    assigns = any(ASSIGNS.search(entry.step.text) for entry in case.expected[: case.index])
    return bool(asks) and text.find(";", asks.end()) >= 0 and assigns


# Errors that are no difference of lockstep's: two direct runs differ in them, too


def tells_warnings_of_login(case: Case, at: int) -> bool:
    """MariaDB tells one warning at some logins and none at others."""
    left, right = packets_at(case, at)
    if not case.left.login or case.left.step.verb == "change_user" or not left.role == right.role == Role.OK:
        return False
    return left.payload[:5] + left.payload[7:] == right.payload[:5] + right.payload[7:]


OF_PACKETS.append(tells_warnings_of_login)


def asks_about_login(case: Case) -> bool:
    """Those warnings stay in the list until a statement uses a table."""
    logins = ([one for one in entries if one.login and one.client == case.left.client] for entries in (case.expected, case.actual))
    differ = any(left.reply.packets != right.reply.packets for left, right in zip(*logins))
    return case.server_kind == "mariadb" and differ and ASKS_ABOUT_ERRORS.search(case.left.step.text) is not None


OF_REPLIES.append(asks_about_login)


def lock_of_who_hangs_up(case: Case) -> bool:
    """A server lets go of a lock some time after its client has hung up."""
    hung_up = any(entry.step.verb == "quit" for entry in case.expected[: case.index])
    return hung_up and re.match(r"SELECT RELEASE_LOCK\('\w+'\)$", case.left.step.text) is not None


OF_REPLIES.append(lock_of_who_hangs_up)


def type_that_a_routine_keeps(case: Case, at: int) -> bool:
    """MySQL resolves a routine's expressions by the types that variables have at its first call, until anybody makes
    or drops a routine: that empties the caches of all sessions."""
    calls = [entry.step.text for entry in case.before() if entry.step.text.startswith("CALL ")]
    definitions = (entry.step.text for entry in case.before() if DEFINES_ROUTINE.match(entry.step.text))
    named = set().union(*map(assigned_variables, definitions))
    return case.server_kind == "mysql" and len(set(calls)) < len(calls) and is_column_of_variable(case, at, named)


OF_PACKETS.append(type_that_a_routine_keeps)


# Parts of packets

# PreparedStatements::kFirstId.
FIRST_ID = 1 << 30
SCHEMA, STATE_CHANGE, TRANSACTION_CHARACTERISTICS, TRANSACTION_STATE = 1, 2, 4, 5
EXECUTES = re.compile(r"\b(EXECUTE|CALL) ", re.I)
COUNTED = re.compile(rb".(statement_id|last_gtid).*", re.S)
# A routine, a function or a table with a trigger of those that sessions find or make.
RUNS_MORE = re.compile(r"CALL |\bf_\w+|INTO (g|x\d)\b|\\execute", re.I)
NAMES_TYPE = re.compile(rb"(?<=incorrect )(INTEGER|DOUBLE|DECIMAL)(?= value)")
AT_ROW = re.compile(rb" at row \d+$")
# A parameter is a column of no table.
OF_PARAMETER = re.compile(rb"(?<= for column ``\.``\.).*$", re.S)
STATEMENT_ID = re.compile(rb"(?<=statement \()\d+(?=\))")
NOT_NULL = 1
# Of a statement whose columns are made of variables, under whatever name.
MADE_OF_VARIABLE = re.compile(r"\b(UNION SELECT @|WITH x AS \(SELECT @|EXECUTE .* USING @)", re.I)
VARIABLES = re.compile(r"(?<!@)@[`'\"]?(\w+)")
ASSIGNS = re.compile(r"(?<!@)@[`'\"]?\w+[`'\"]? *:?=|INTO @", re.I)
ASSIGNED = re.compile(r"(?<!@)@(?:[`'\"](\w+)[^`'\"]*[`'\"]|(\w+)) *:?=")
DEFINES_ROUTINE = re.compile(r"CREATE (PROCEDURE|FUNCTION)\b", re.I)
ASKS_ABOUT_ERRORS = re.compile(
    r"SHOW (COUNT\(\*\) )?(WARNINGS|ERRORS)|GET DIAGNOSTICS|@@(warning|error)_count", re.I
)
# Of a column that is a variable, or an expression of some.
NAMES_VARIABLE = re.compile(rb"(?<!@)@[^@\s]", re.S)


def tells_of_errors(entry: Entry) -> bool:
    """A list that is not empty, or a number of warnings that is not 0."""
    rows = [packet.payload for packet in entry.reply.packets if packet.role in (Role.TEXT_ROW, Role.BINARY_ROW)]
    return any(any(payload.strip(b"\x00\x010")) for payload in rows)


def misses_errors(case: Case) -> bool:
    """GET DIAGNOSTICS warns where the condition is not there."""
    if "GET DIAGNOSTICS CONDITION" in case.left.step.text and (fields := fields_of_oks(case, 0)):
        return fields[0][0][4] < fields[1][0][4]
    return tells_of_errors(case.left) and not tells_of_errors(case.right)


def prepared_text(case: Case, entry: Entry) -> str:
    """What an execution executes; empty for other steps."""
    if entry.step.verb != "execute":
        return ""
    name = entry.step.argument.split(" ")[0]
    prepared = (one.step.argument.split(" ", 1) for one in case.before() if one.step.verb == "prepare")
    return next((words[1] for words in prepared if words[0] == name), "")


def names_unset_variable(case: Case) -> bool:
    """One that the client has not assigned, as far as its texts tell."""
    named = {name.lower() for name in VARIABLES.findall(case.left.step.text)}
    texts = [entry.step.text for entry in case.before()]
    assigned = {name.lower() for text in texts if ASSIGNS.search(text) for name in VARIABLES.findall(text)}
    return bool(named - assigned)


def assigned_variables(text: str) -> set[str]:
    return {(quoted or plain).lower() for quoted, plain in ASSIGNED.findall(text)}


def made_of_unset_variables(case: Case) -> set[str]:
    """Those that the client has assigned in a text which reads one that it had not. MySQL takes the types that variables
    have before a SET, whatever that assigns."""
    known: set[str] = set()
    made: set[str] = set()
    for entry in reversed(list(case.before())):
        text = entry.step.text
        if not ASSIGNS.search(text):
            continue
        read = {name.lower() for name in VARIABLES.findall(ASSIGNED.sub("", text))}
        assigned = assigned_variables(text)
        if read - known or read & made:
            made |= assigned
        known |= assigned
    return made


def is_column_of_variable(case: Case, at: int, variables: set[str]) -> bool:
    """One of these, or made of it."""
    left, right = packets_at(case, at)
    if not left.role == right.role == Role.COLUMN:
        return False
    (name, table, _), (other_name, other_table, _) = definition(left), definition(right)
    named = {variable.lower() for variable in VARIABLES.findall(name.decode(errors="replace"))}
    if MADE_OF_VARIABLE.search(case.left.step.text):
        named |= {variable.lower() for variable in VARIABLES.findall(case.left.step.text)}
    return (name, table) == (other_name, other_table) and bool(named & variables)


def with_not_null(fields: tuple[int, ...]) -> list[int]:
    charset, length, kind, flags, decimals = fields
    return [charset, length, kind, flags | NOT_NULL, decimals]


def behind_cursor(case: Case) -> bool:
    statement = case.left.step.argument.split(" ")[0]
    executed = (one.step.argument.split(" ") for one in case.before() if one.step.verb == "execute")
    return any(words[0] == statement and "-cursor" in words for words in executed)


def is_without_trace(case: Case) -> bool:
    """The client's last error was one that lockstep gave: it names an id of lockstep's own."""
    pairs = zip(reversed(case.expected[: case.index]), reversed(case.actual[: case.index]))
    errors = (right.reply.error for left, right in pairs if left.client == case.left.client and left.reply.error)
    error = next(errors, None)
    named = re.search(r"\((\d+)\)", error[2]) if error and error[0] in (1243, 1421) else None
    return named is not None and int(named.group(1)) >= FIRST_ID


def packets_at(case: Case, at: int) -> tuple[Packet, Packet]:
    return case.left.reply.packets[at], case.right.reply.packets[at]


def eof_fields(packet: Packet) -> tuple[int, int]:
    return int.from_bytes(packet.payload[1:3], "little"), int.from_bytes(packet.payload[3:5], "little")


def status_of_ok(packet: Packet) -> Status:
    return Status(head_of_ok(Reader(packet.payload))[3])


def head_of_ok(reader: Reader) -> list[int]:
    return [reader.integer(1), reader.lenenc(), reader.lenenc(), reader.integer(2), reader.integer(2)]


def fields_of_oks(case: Case, at: int) -> tuple[tuple[list, list], tuple[list, list]] | None:
    """Of both sides; None where one of them is no OK packet."""
    left, right = packets_at(case, at)
    return (ok_fields(left), ok_fields(right)) if left.role == right.role == Role.OK else None


def ok_fields(packet: Packet) -> tuple[list, list[tuple[int, bytes]]]:
    """What an OK packet says, save the flag that it reports something; and what it reports, save numbers that mask.py masks."""
    reader = Reader(packet.payload)
    head = head_of_ok(reader)
    head[3] &= ~Status.SESSION_STATE_CHANGED
    info = reader.string() if reader else b""
    items = state_items(reader.string()) if reader else []
    return [*head, info], [(kind, COUNTED.sub(rb"\1", data) if COUNTED.match(data) else data) for kind, data in items]


def without_reads(items: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """The letters for reading, for statements that are unsafe for the binary log, and for rows sent."""
    return [(kind, re.sub(rb"[rRsS]", b"_", data) if kind == TRANSACTION_STATE else data) for kind, data in items]


def definition(packet: Packet) -> tuple[bytes, bytes, tuple[int, ...]]:
    """Name and table of a column, and its character set, length, type, flags and decimals."""
    reader = Reader(packet.payload)
    _, _, table, _, name, _ = (reader.string() for _ in range(6))
    reader.integer(1)
    return name, table, tuple(reader.integer(size) for size in (2, 4, 1, 2, 1))


def is_null_throughout(reply: Reply, at: int) -> bool:
    """Whether all rows have NULL in the column that the packet at this place defines."""
    first = at
    while reply.packets[first - 1].role == Role.COLUMN:
        first -= 1
    return all(is_null(packet, at - first) for packet in rows_behind(reply, at))


def rows_behind(reply: Reply, at: int) -> list[Packet]:
    """The rows of the result that the definition at this place belongs to."""
    rows = []
    for packet in reply.packets[at:]:
        if packet.role in (Role.TEXT_ROW, Role.BINARY_ROW):
            rows.append(packet)
        elif packet.role == Role.COLUMN_COUNT:
            break
    return rows


def text_values(row: Packet) -> list[bytes | None]:
    reader = Reader(row.payload)
    values = []
    while reader:
        values.append(reader.string_or_null())
    return values


def is_null(row: Packet, column: int) -> bool:
    if row.role == Role.BINARY_ROW:
        # The bitmap begins behind the packet's first byte, with two bits that are not used.
        return bool(row.payload[1 + (column + 2) // 8] >> (column + 2) % 8 & 1)
    reader = Reader(row.payload)
    values = [reader.string_or_null() for _ in range(column + 1)]
    return values[column] is None
