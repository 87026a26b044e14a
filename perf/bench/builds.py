"""Two builds of lockstep beside each other, in every scenario that ran both: what a change to lockstep did."""

from statistics import median

from bench.summary import same_round_ratios, unique

FIGURES = ("cpu_us", "p50_us", "p99_us", "bytes_per_cpu_second")


def compare(findings, builds):
    """Rows of (scenario, case, later build, figure): the median of its ratio to the first build's run of the same round, and
    the range."""
    first, *later = builds
    rows = []
    for found in findings:
        for case in unique(sample["case"] for sample in found.samples):
            by_label = {label: [sample for sample in found.samples if sample["case"] == case and sample["contender"] == label]
                        for label in builds}
            for label in later:
                row = {"scenario": found.scenario.name, "case": case, "build": label}
                for key in FIGURES:
                    if ratios := same_round_ratios(by_label[label], by_label[first], key):
                        row[key] = [median(ratios), min(ratios), max(ratios)]
                if len(row) > 3:
                    rows.append(row)
    return rows


def words(ratio):
    return f"{ratio[0]:.3f} ({ratio[1]:.2f}-{ratio[2]:.2f})" if ratio else ""


def columns(first):
    heads = {"cpu_us": "CPU", "p50_us": "p50", "p99_us": "p99", "bytes_per_cpu_second": "bytes/CPU s"}
    return [("scenario", lambda row: row["scenario"]), ("case", lambda row: str(row["case"])), ("build", lambda row: row["build"]),
            *((f"{head}, x {first}", lambda row, key=key: words(row.get(key))) for key, head in heads.items())]
