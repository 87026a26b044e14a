"""A scenario: the same clients against every contender, in one or several cases."""

from typing import NamedTuple


class Case(NamedTuple):
    label: object  # its place on the scenario's axis
    connections: int
    statements: tuple = ()  # lines of load's statements file; none: the run's mix
    arguments: tuple = ()  # further ones of load
    bystanders: int = 0  # clients beside those that are measured
    quick: bool = True  # whether --quick runs it

    def clients(self):
        return self.connections + self.bystanders


class Scenario(NamedTuple):
    name: str
    title: str
    axis: str  # what the cases' labels are
    cases: tuple
    about: str  # a paragraph for the report: what it is for, how to read it
    shows: tuple = ("cpu_us", "p99_us")  # the figures that the report plots
    unit: str = "statement"
    settings: dict = {}  # that lockstep needs for it
    pace_of_floor: float = 0  # statements come at this part of what the floor can do
    over_unix: bool = False  # contenders take part over unix sockets, too
    syncs: bool = False  # its table says how many of them statements needed
    counted: bool = True  # system calls mean something: the clients' logins are few beside their statements

    @property
    def units(self):
        return self.unit[:-1] + "ies" if self.unit.endswith("y") else self.unit + "s"

    def load_arguments(self, lab, case):
        arguments = list(case.arguments)
        if case.statements:
            arguments += ["--statements", lab.statements_file(f"{self.name}-{case.label}", case.statements)]
        return arguments or lab.load_arguments

    def chosen(self, quick):
        return [case for case in self.cases if case.quick or not quick]
