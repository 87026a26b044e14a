"""From samples to medians with their spread."""

from statistics import median
from typing import NamedTuple

from bench.scenario import Scenario


class Findings(NamedTuple):
    """What a scenario comes to."""

    scenario: Scenario
    columns: list  # of its table
    rows: list
    samples: list
    contenders: list
    complaints: list  # a line for each thing that is not as it should be
    left_out: list  # (contender, case or None, reason)

    def failed(self):
        return bool(self.complaints) or any(row["failures"] for row in self.rows)


METRICS = ("per_second", "cpu_us", "user_us", "system_us", "busy", "load_cpu_us", "server_cpu_us", "p50_us", "p99_us",
           "p999_us", "bytes_per_cpu_second", "resident_bytes", "peak_bytes", "memory_bytes", "switches")
# Of these, ratios to the baseline of the same round.
RATIOS = ("per_second", "cpu_us", "p50_us", "p99_us", "p999_us", "bytes_per_cpu_second")


def summarise(samples):
    """Medians over the rounds. Ratios to the baseline are medians of the ratios within each round: the machine's speed
    swings, and what swings alike in neighbouring runs falls out."""
    rows = []
    for case in unique(sample["case"] for sample in samples):
        of_case = [sample for sample in samples if sample["case"] == case]
        by_label = {label: [s for s in of_case if s["contender"] == label]
                    for label in unique(sample["contender"] for sample in of_case)}
        for own in by_label.values():
            rows.append(summary_row(own, by_label.get(own[0]["baseline"], [])))
    return rows


def summary_row(samples, baseline):
    row = {key: samples[0][key] for key in ("contender", "baseline", "case", "connections")}
    row |= {"rounds": len(samples), "failures": sum(sum(sample["failures"].values()) for sample in samples)}
    for key in METRICS:
        values = [sample[key] for sample in samples if sample.get(key) is not None]
        if values:
            row[key], row[key + "_range"] = median(values), [min(values), max(values)]
    if "syncs" in samples[0]:
        row["syncs"] = {form: median(sample["syncs"][form] for sample in samples) for form in samples[0]["syncs"]}
    for key in RATIOS:
        if ratios := same_round_ratios(samples, baseline, key):
            row[key + "_ratio"], row[key + "_ratio_range"] = median(ratios), [min(ratios), max(ratios)]
    return row


def same_round_ratios(samples, baseline, key):
    base = {sample["round"]: sample.get(key) for sample in baseline}
    return [sample[key] / base[sample["round"]] for sample in samples
            if sample.get(key) is not None and base.get(sample["round"])]


def unique(values):
    return list(dict.fromkeys(values))
