"""What stands in the middle, beside the least that anything there can cost."""

from bench import contenders as lab_contenders
from bench import report
from bench.limit import missed
from bench.measure import run_more_rounds, run_rounds
from bench.process import LabError

CONNECTIONS = "1,16,64,512"
QUICK_CONNECTIONS = CONNECTIONS
CONTENDERS = ["direct", "floor", "haproxy", "lockstep"]


def choose(options, lab):
    known = {
        "direct": lambda: [lab_contenders.Direct("direct")],
        "floor": lambda: [lab_contenders.floor(lab.programs)],
        "haproxy": lambda: [lab_contenders.HaProxy("haproxy")],
        "lockstep": lambda: [lab_contenders.Lockstep(*build, options.lockstep_settings) for build in options.builds],
    }
    chosen = []
    for name in options.contenders:
        chosen += known[name]()
    chosen += [lab_contenders.Command(*lab_contenders.labelled(command, "")) for command in options.command]
    labels = [contender.label for contender in chosen]
    if len(set(labels)) < len(labels):
        raise LabError(f"contenders need labels of their own: {', '.join(labels)}")
    return chosen


def run(lab, options):
    """The rows of the table, all samples, who took part, and a line for each thing that is not as it should be."""
    contenders = choose(options, lab)
    samples = []
    try:
        for contender in contenders:
            contender.start(lab)
        for connections in options.connections:
            samples += run_rounds(lab, contenders, connections, range(options.rounds))
        labels = [contender.label for contender in contenders if isinstance(contender, lab_contenders.Lockstep)]
        complaints = [line for limit in options.limit
                      for line in missed(limit, samples, labels, lambda connections: run_more_rounds(
                          lab, contenders, connections, samples, options.rounds))]
    finally:
        for contender in contenders:
            contender.stop()
    rows = report.summarise(samples)
    print(report.table(rows, report.RELAY))
    return report.Findings(rows, samples, contenders, complaints)
