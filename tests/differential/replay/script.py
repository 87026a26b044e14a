"""Reads a script: what clients send, one step a line.

    # comment
    SELECT 1                        a statement, sent as COM_QUERY
    CREATE PROCEDURE p()            an indented line continues the one above
      SELECT 1
    \\ping                           a step of another kind: player.py has them all

In front of the first step, three lines say where and how a script runs:

    \\expect_only mysql              only this kind of server knows what the script uses
    \\caps +MULTI_STATEMENTS -SESSION_TRACK
    \\differs REASON                 lockstep answers otherwise by design: replies need only be complete

Inside a line, ${repeat TEXT COUNT} stands for long text and ${id N} for the connection id of client N."""

import dataclasses
import pathlib
import shlex

HEADERS = ("caps", "differs", "expect_only")


@dataclasses.dataclass
class Step:
    line: int
    # What the line says, for reports: lines of several megabytes exist only once they are expanded.
    text: str
    # The word behind the backslash; a plain statement is a "query".
    verb: str
    argument: str

    def words(self) -> list[str]:
        return shlex.split(self.argument)


@dataclasses.dataclass
class Script:
    name: str
    steps: list[Step]
    caps: list[str]
    only: str
    # Why lockstep may answer otherwise; empty where it may not.
    differs: str = ""
    differs_with: str = ""  # the only set of capabilities with which it does; empty: all

    def runs_on(self, server_kind: str) -> bool:
        return self.only in ("", server_kind)


def load(path: pathlib.Path) -> Script:
    script = Script(path.stem, [], [], "")
    for number, text in _logical_lines(path.read_text()):
        step = _step(number, text)
        if step.verb not in HEADERS:
            script.steps.append(step)
        elif script.steps:
            raise ValueError(f"{path.name}:{number}: \\{step.verb} stands in front of the first step")
        elif step.verb == "caps":
            script.caps += step.words()
        elif step.verb == "differs":
            # `\\differs [tracked] REASON`: with that set of capabilities only.
            words = step.argument.split(" ", 1)
            if words[0].startswith("[") and words[0].endswith("]") and len(words) == 2:
                script.differs_with, script.differs = words[0][1:-1], words[1]
            else:
                script.differs = step.argument
        else:
            script.only = step.argument
    return script


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
