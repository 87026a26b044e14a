"""Contenders beside each other in one scenario: alternating runs, then a counting run of each."""

from bench import roster, table
from bench.contender import Direct, own_relay
from bench.counting import count
from bench.limit import missed
from bench.lockstep import Lockstep
from bench.measure import measure, run_more_rounds, tell, turns
from bench.process import LabError
from bench.scenario import Case, Scenario
from bench.summary import Findings, summarise


def relay(options):
    """The scenario of perf/run unless it is told another: its mix at some counts of connections."""
    return Scenario("relay", "Any mix", "connections", tuple(Case(count, count) for count in options.connections),
                    "The statements of --mix or --load-arguments.")


# Sides of the middle that are unix sockets: (clients, server).
SIDES = ((True, False), (False, True), (True, True))


def with_unix(contenders):
    """Each over TCP, and, where it can, over unix sockets on either side and on both. Without a middle there is one side."""
    return [variant for contender in contenders
            for variant in [contender, *(contender.over_unix(*sides)
                                         for sides in (SIDES[2:] if isinstance(contender, Direct) else SIDES)
                                         if contender.takes_unix_sockets)]]


# Of what a failing contender says, its log's last lines included.
REASON_LINES = 3


class Comparison:
    """One run of a scenario. Who cannot take part is left out, with the reason: always, or of one case."""

    def __init__(self, lab, scenario, contenders):
        self.lab, self.scenario = lab, scenario
        self.contenders = with_unix(contenders) if scenario.over_unix else contenders
        self.samples = []
        self.arguments = {}  # of load, by case
        self.counts = {}  # by contender and case
        self.left_out = []  # (contender, case or None, reason)

    def run(self, cases, rounds, quick):
        try:
            self.start()
            for case in cases:
                self.run_case(case, rounds)
        finally:
            self.stop()
        self.count(cases[-1:] if quick else cases)

    def stop(self):
        for contender in self.contenders:
            contender.stop()

    def lab_of(self, contender):
        return self.lab.over_unix() if contender.server_by_unix else self.lab

    def leave_out(self, contender, case, reason):
        self.left_out.append((contender.label, case, "\n".join(reason.split("\n")[:REASON_LINES])))

    def start(self):
        for contender in list(self.contenders):
            reason = contender.missing()
            if not reason:
                try:
                    contender.start(self.lab_of(contender), self.scenario.settings)
                    continue
                except LabError as error:
                    reason = str(error)
                    contender.stop()
            self.leave_out(contender, None, reason)
            self.contenders.remove(contender)

    def run_case(self, case, rounds):
        able = []
        for contender in self.contenders:
            if reason := contender.overtaxed(case.clients()):
                self.leave_out(contender, case.label, reason)
            else:
                able.append(contender)
        arguments = self.scenario.load_arguments(self.lab, case)
        if self.scenario.pace_of_floor:
            arguments += ["--pace", str(self.scenario.pace_of_floor * self.saturated(case, arguments))]
        self.arguments[case.label] = arguments
        failed = set()
        for number, contender in turns(able, range(rounds)) if able else ():
            if contender in failed:
                continue
            try:
                sample = measure(self.lab_of(contender), contender, case.connections, arguments, case.label)
            except LabError as error:
                failed.add(contender)
                self.leave_out(contender, case.label, f"failed in round {number + 1}: {error}")
                continue
            self.samples.append({"round": number, **sample})
            tell(self.samples[-1], f"{self.scenario.name}, {case.label} {self.scenario.axis}")
    def saturated(self, case, arguments):
        """Statements per second of the floor in a closed loop."""
        floor = own_relay("floor", self.lab.programs)
        try:
            floor.start(self.lab)
            return measure(self.lab, floor, case.connections, arguments)["per_second"]
        finally:
            floor.stop()

    def count(self, cases):
        """Each starts anew and alone for each case: connections that others, or itself, keep open to the server would
        count in."""
        if not self.lab.counting_seconds:
            return
        measured = {(sample["contender"], sample["case"]) for sample in self.samples}
        for contender in self.contenders:
            if isinstance(contender, Direct):
                continue
            for case in cases:
                if (contender.label, case.label) in measured:
                    self.count_one(contender, case)

    def count_one(self, contender, case):
        try:
            contender.start(self.lab_of(contender), self.scenario.settings)
            counts = count(self.lab_of(contender), contender, case.connections, self.arguments[case.label])
        except LabError as error:
            return self.leave_out(contender, case.label, f"failed when it was to be counted: {error}")
        finally:
            contender.stop()
        if not self.scenario.counted:
            counts["syscalls"] = None
        self.counts[contender.label, case.label] = counts

    def findings(self, complaints=()):
        rows = summarise(self.samples)
        for row in rows:
            row |= self.counts.get((row["contender"], row["case"]), {})
        if "client_bytes" in self.scenario.shows:
            add_client_bytes(rows)
        return Findings(self.scenario, table.comparison(self.scenario), rows, self.samples, self.contenders,
                        list(complaints), self.left_out)


def add_client_bytes(rows):
    """Where cases differ in idle clients: what each of them takes, as the growth of the middle's memory."""
    without = {row["contender"]: row.get("memory_bytes") for row in rows if row["case"] == 0}
    for row in rows:
        if row["case"] and isinstance(row["case"], int) and without.get(row["contender"]) and row.get("memory_bytes"):
            row["client_bytes"] = (row["memory_bytes"] - without[row["contender"]]) / row["case"]


def run(lab, options, scenario):
    comparison = Comparison(lab, scenario, roster.choose(options, lab))
    comparison.left_out += [("everybody", case.label, "left out by --quick") for case in scenario.cases
                            if options.quick and not case.quick]
    comparison.run(scenario.chosen(options.quick), options.rounds, options.quick)
    return comparison.findings()


def run_relay(lab, options):
    """Of perf/run: limits are looked at while the contenders still run, and whoever fails fails the run."""
    contenders = roster.choose(options, lab)
    comparison = Comparison(lab, relay(options), contenders)
    try:
        comparison.start()
        for case in comparison.scenario.cases:
            comparison.run_case(case, options.rounds)
        labels = [contender.label for contender in contenders if isinstance(contender, Lockstep)]
        complaints = [line for limit in options.limit
                      for line in missed(limit, comparison.samples, labels, lambda connections: run_more_rounds(
                          lab, contenders, connections, comparison.samples, options.rounds))]
    finally:
        comparison.stop()
    comparison.count(comparison.scenario.cases)
    return comparison.findings(complaints)
