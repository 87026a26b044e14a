"""Reads a script: what clients send, one step a line.

    # comment
    SELECT 1                        a statement, sent as COM_QUERY
    CREATE PROCEDURE p()            an indented line continues the one above
      SELECT 1
    \\ping                           a step of another kind: player.py has them all

In front of the first step, lines say where and how a script runs:

    \\expect_only mysql              only this kind of server knows what the script uses
    \\caps +MULTI_STATEMENTS -SESSION_TRACK
    \\needs_trackers REASON           left out with --trackers none

In front of any step, a line says that lockstep answers this step otherwise by design; all others are compared:

    \\differs [mysql tracked] REASON   with this kind of server and this set of capabilities; without brackets always
    \\differs [untracked] REASON       with --trackers none
    \\may_differ REASON               where it depends on which server session the client gets

REASON is what docs/differences.md says, word by word: what is not there is a bug. A step that is marked by \\differs and
answered alike is an error, so that no mark outlives its reason.

Inside a line, ${repeat TEXT COUNT} stands for long text and ${id N} for the connection id of client N."""

import dataclasses
import pathlib
import shlex

HEADERS = ("caps", "expect_only", "needs_trackers")
MARKS = ("differs", "may_differ")
WITHOUT_REPLY = ("client", "encoding", "file", "send")
KINDS = ("mariadb", "mysql")
UNTRACKED = "untracked"
DIFFERENCES = pathlib.Path(__file__).resolve().parents[3] / "docs" / "differences.md"


@dataclasses.dataclass
class Mark:
    """That lockstep answers a step otherwise by design."""

    reason: str
    where: list[str]  # kinds of servers and sets of capabilities; of each sort that is named, one has to fit
    always: bool  # wherever it holds; else it may

    def holds(self, kind: str, caps: str, untracked: bool) -> bool:
        kinds = [word for word in self.where if word in KINDS]
        sets = [word for word in self.where if word not in (*KINDS, UNTRACKED)]
        fits = (not kinds or kind in kinds) and (not sets or caps in sets)
        return fits and (untracked or UNTRACKED not in self.where)


@dataclasses.dataclass
class Step:
    line: int
    # What the line says, for reports: lines of several megabytes exist only once they are expanded.
    text: str
    # The word behind the backslash; a plain statement is a "query".
    verb: str
    argument: str
    mark: Mark | None = None

    def words(self) -> list[str]:
        return shlex.split(self.argument)


@dataclasses.dataclass
class Script:
    name: str
    steps: list[Step]
    caps: list[str]
    only: str
    needs_trackers: bool = False

    def runs_on(self, server_kind: str) -> bool:
        return self.only in ("", server_kind)


def load(path: pathlib.Path) -> Script:
    script = Script(path.stem, [], [], "")
    mark = None
    for number, text in _logical_lines(path.read_text()):
        step = _step(number, text)
        where = f"{path.name}:{number}: \\{step.verb}"
        if step.verb in MARKS:
            if mark:
                raise ValueError(f"{where} stands behind another mark")
            mark = _mark(step, where)
        elif step.verb not in HEADERS:
            if mark and step.verb in WITHOUT_REPLY:
                raise ValueError(f"{where} has no reply that could differ")
            step.mark, mark = mark, None
            script.steps.append(step)
        elif script.steps or mark:
            raise ValueError(f"{where} stands in front of the first step")
        elif step.verb == "caps":
            script.caps += step.words()
        elif step.verb == "needs_trackers":
            script.needs_trackers = bool(_mark(step, where))
        else:
            script.only = step.argument
    if mark:
        raise ValueError(f"{path.name}: no step follows the last mark")
    return script


def _mark(step: Step, where: str) -> Mark:
    reason, places = step.argument, ""
    if reason.startswith("["):
        places, _, reason = reason[1:].partition("] ")
    if not reason or reason not in DIFFERENCES.read_text():
        raise ValueError(f"{where}: docs/differences.md does not say: {reason}")
    return Mark(reason, places.split(), step.verb == "differs")


def _step(number: int, text: str) -> Step:
    if not text.startswith("\\"):
        return Step(number, text, "query", text)
    verb, _, argument = text[1:].partition(" ")
    return Step(number, text, verb, argument.strip())


def _logical_lines(text: str) -> list[tuple[int, str]]:
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        if line[0].isspace() and lines:
            lines[-1] = (lines[-1][0], f"{lines[-1][1]}\n{line.strip()}")
        else:
            lines.append((number, line.rstrip()))
    return lines
