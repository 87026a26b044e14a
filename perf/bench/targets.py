"""What the project wants of lockstep, beside what was measured."""

from statistics import median
from typing import Callable, NamedTuple

from bench.scenarios import BUSY, CROWD, SMALL_CROWD, STREAM_MB
from bench.summary import same_round_ratios


TICKS_MIN_SECONDS = 0.5  # fifty ticks, of which user space has a handful


class Figures:
    """What the scenarios of a run found, by name, for one build of lockstep."""

    def __init__(self, findings, label):
        self.findings = {found.scenario.name: found for found in findings}
        self.label = label

    def samples(self, scenario, case, contender):
        found = self.findings.get(scenario)
        return [sample for sample in (found.samples if found else [])
                if sample["case"] == case and sample["contender"] == contender]

    def row(self, scenario, case, contender=None):
        found = self.findings.get(scenario)
        for row in found.rows if found else []:
            if row["case"] == case and row["contender"] == (contender or self.label):
                return row
        return {}

    def ratio(self, scenario, case, key, other):
        """Median over the rounds of lockstep's figure to another contender's of the same round."""
        ratios = same_round_ratios(self.samples(scenario, case, self.label), self.samples(scenario, case, other), key)
        return median(ratios) if ratios else None

    def added_latency_ratio(self, scenario, case):
        """What lockstep adds to p50 over a direct connection, to what the floor adds."""
        ratios = []
        by_round = [{sample["round"]: sample["p50_us"] for sample in self.samples(scenario, case, contender)}
                    for contender in (self.label, "floor", "direct")]
        for number in set(by_round[0]) & set(by_round[1]) & set(by_round[2]):
            own, floor, direct = (values[number] for values in by_round)
            if floor > direct:
                ratios.append((own - direct) / (floor - direct))
        return median(ratios) if ratios else None

    def user_us(self, scenario, case):
        """User space's part of the CPU per statement, of all rounds together: the kernel counts it in ticks of 10 ms, of
        which a single run has too few."""
        samples = self.samples(scenario, case, self.label)
        ticks, statements = (sum(sample.get(key) or 0 for sample in samples) for key in ("ticks_s", "statements"))
        if ticks < TICKS_MIN_SECONDS or not statements:
            return None
        user_part = sum(sample["user_ticks_s"] for sample in samples) / ticks
        return user_part * sum(sample["cpu_s"] for sample in samples) * 1e6 / statements

    def growth(self, scenario, case, beside, key):
        """How much more a figure is in a case than in another place: (scenario, case)."""
        here, there = self.row(scenario, case).get(key), self.row(*beside).get(key)
        return None if here is None or there is None else here - there

    def quotient(self, scenario, case, other_case, key):
        here, there = self.row(scenario, case).get(key), self.row(scenario, other_case).get(key)
        return here / there if here and there else None


class Target(NamedTuple):
    text: str
    sign: str  # "<=", "<" or ">="
    limit: float
    unit: str
    measure: Callable[[Figures], float | None]

    def met(self, value):
        return {"<=": value <= self.limit, "<": value < self.limit, ">=": value >= self.limit}[self.sign]


class Verdict(NamedTuple):
    target: Target
    label: str  # of the build
    value: float | None

    @property
    def outcome(self):
        if self.value is None:
            return "not measured"
        return "met" if self.target.met(self.value) else "missed"


def crowd_figure(figures, key):
    """Of the large crowd; where only the small one ran, of that."""
    return figures.row("crowd", CROWD).get(key) or figures.row("crowd", SMALL_CROWD).get(key)


def beside_crowd(figures):
    return (figures.quotient("crowd", CROWD, 0, "p99_us") or figures.quotient("crowd", SMALL_CROWD, 0, "p99_us"))


def shared_latency(figures):
    shared, waiting = (figures.row(scenario, 512).get("p99_us") for scenario in ("few-shared-sessions", "few-sessions"))
    return shared / waiting if shared and waiting else None


def sync_cost(figures):
    found = figures.findings.get("state")
    rows = [row for row in found.rows if row["connections"] == BUSY] if found else []
    ratios = [row["cpu_us_ratio"] for row in rows if row["contender"].endswith("settings+variables") and "cpu_us_ratio" in row]
    return ratios[0] if ratios else None


def cost_targets(scenario, words):
    return [
        Target(f"CPU per statement, {words}, {BUSY} connections, beside the floor", "<=", 1.08, "x",
               lambda f: f.ratio(scenario, BUSY, "cpu_us", "floor")),
        Target("the same beside HAProxy in TCP mode", "<", 1.0, "x", lambda f: f.ratio(scenario, BUSY, "cpu_us", "haproxy")),
        Target("the same beside ProxySQL", "<=", 0.65, "x", lambda f: f.ratio(scenario, BUSY, "cpu_us", "proxysql")),
        Target("user space's part of it", "<=", 0.8, "us", lambda f: f.user_us(scenario, BUSY)),
    ]


TARGETS = [
    *cost_targets("point-text", "point select in text"),
    *cost_targets("point-prepared", "point select prepared"),
    Target("CPU per statement of 512 clients that share 8 server sessions, beside the floor", "<=", 0.75, "x",
           lambda f: f.ratio("few-shared-sessions", 512, "cpu_us", "floor")),
    Target("p99 of them, to that of clients that wait for each other", "<=", 1.0, "x", shared_latency),
    Target("latency (p50) added at one connection, to what the floor adds", "<=", 1.1, "x",
           lambda f: f.added_latency_ratio("point-text", 1)),
    Target("p99 at 70 % load, beside the floor's", "<=", 1.2, "x", lambda f: f.ratio("steady", "70 %", "p99_us", "floor")),
    Target(f"bytes per CPU second of a result of {STREAM_MB} MB, beside the floor's", ">=", 0.9, "x",
           lambda f: f.ratio("stream", "100 B", "bytes_per_cpu_second", "floor")),
    Target("memory that such a result takes beyond that of point selects", "<=", 10, "MB",
           lambda f: per_million(f.growth("stream", "100 B", ("point-text", BUSY), "peak_bytes"))),
    Target("an idle client all in, the kernel's part included", "<=", 6144, "bytes", lambda f: crowd_figure(f, "client_bytes")),
    Target(f"p99 of {BUSY} busy clients beside the crowd, to that without one (no effect: within a tenth)", "<=", 1.1, "x",
           beside_crowd),
    Target("CPU of clients whose state alternates, to that of equal ones", "<=", 1.5, "x", sync_cost),
    Target("sessions per second, to those directly on MySQL", ">=", 3, "x",
           lambda f: f.ratio("sessions-mysql", 16, "per_second", "direct")),
    Target("sessions per second, to those directly on MariaDB", ">=", 3, "x",
           lambda f: f.ratio("sessions-mariadb", 16, "per_second", "direct")),
]


def per_million(value):
    return None if value is None else value / 1e6


def verdicts(findings, labels):
    return [Verdict(target, label, target.measure(Figures(findings, label))) for target in TARGETS for label in labels]
