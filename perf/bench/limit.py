"""A limit for what lockstep may cost beside its baseline, written 1.3@64: 1.3 times its CPU, at 64 connections."""

import sys
from typing import NamedTuple

from bench.summary import summarise

# A ratio above the limit may be the machine's noise: the rounds are run again this often, and all of them count.
REPETITIONS = 2


class Limit(NamedTuple):
    ratio: float
    connections: int

    @classmethod
    def parse(cls, text):
        ratio, _, connections = text.partition("@")
        return cls(float(ratio), int(connections))

    def excesses(self, samples, labels):
        """A line for each of the contenders that is above it."""
        return [f"{row['contender']} costs {row['cpu_us_ratio']:.2f} times as much as {row['baseline']} at "
                f"{self.connections} connections; the limit is {self.ratio:g}"
                for row in summarise([sample for sample in samples if sample["connections"] == self.connections])
                if row["contender"] in labels and row["cpu_us_ratio"] > self.ratio]


def missed(limit, samples, labels, run_again):
    """The excesses that are left after more rounds. `run_again(connections)` returns their samples, which are added to
    `samples`."""
    for _ in range(REPETITIONS):
        excesses = limit.excesses(samples, labels)
        if not excesses:
            return []
        print("; ".join(excesses) + ": more rounds", file=sys.stderr, flush=True)
        samples += run_again(limit.connections)
    return limit.excesses(samples, labels)
