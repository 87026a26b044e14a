"""The report as one page of HTML that needs nothing beside itself."""

import json
import shlex
from html import escape

from bench.builds import columns, compare
from bench.svg import Dot, dot_plot, short
from bench.table import WORDS, cells

# What the plots show.
FIGURES = {
    "cpu_us": "CPU µs per {unit}",
    "p50_us": "p50 latency, µs",
    "p99_us": "p99 latency, µs",
    "p999_us": "p99.9 latency, µs",
    "per_second": "{units} per second",
    "bytes_per_cpu_second": "bytes per second of the middle's CPU",
    "peak_bytes": "resident bytes, at the highest",
    "memory_bytes": "bytes of memory, the kernel's part included",
    "client_bytes": "bytes per idle client, the kernel's part included",
}

STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #60686f; --line: #d9dde1; --page: #fff; --own: #c2410c;
  --own2: #7c3aed; --other: #64748b; --floor: #0f766e; --good: #15803d; --bad: #b91c1c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --soft: #9aa3ab; --line: #363c42; --page: #15181b;
  --own: #fb923c; --own2: #a78bfa; --other: #94a3b8; --floor: #2dd4bf; --good: #4ade80; --bad: #f87171; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 1080px;
  margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; }
p { max-width: 46rem; } .soft, dt { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; } dd { margin: 0; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } th.word, td.word { text-align: left; } .targets td.word { white-space: normal; }
.met { color: var(--good); } .missed { color: var(--bad); } .not-measured { color: var(--soft); }
.plots { display: flex; flex-wrap: wrap; gap: 1rem 2rem; } svg { max-width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); } .plot-title { font-weight: 600; } .label { text-anchor: end; } .tick { text-anchor: middle; }
svg text.tick { fill: var(--soft); } .grid { stroke: var(--line); } .guide { stroke: var(--floor); stroke-dasharray: 4 3; }
.whisker { stroke-width: 2; stroke-opacity: .45; }
.other circle { fill: var(--other); } .other .whisker { stroke: var(--other); }
.floor circle { fill: var(--floor); } .floor .whisker { stroke: var(--floor); }
.own circle { fill: var(--own); } .own .whisker { stroke: var(--own); } .own .label { font-weight: 600; }
.own2 circle { fill: var(--own2); } .own2 .whisker { stroke: var(--own2); } .own2 .label { font-weight: 600; }
code, pre { font-size: 12px; } pre { overflow-x: auto; }
"""


def page(run, findings, verdicts, builds):
    """`run` is document.run(); `builds` are the labels of lockstep, the first of which is the project's own."""
    body = [heading(run), targets(verdicts, several=len(builds) > 1), comparison_of_builds(findings, builds)]
    body += [section(found, builds) for found in findings]
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>lockstep: perf lab</title><style>{STYLE}</style></head><body>{''.join(body)}</body></html>\n")


def heading(run):
    machine = run["machine"]
    facts = {"Date": run["date"], "CPU": f"{machine['cpus']} × {machine['cpu']}", "Kernel": f"Linux {machine['kernel']}",
             "Load average at the end": " ".join(f"{one:.2f}" for one in machine["load_average"]),
             "Took": f"{run['elapsed_seconds']:.0f} s", "Command": run["command"]}
    facts |= {label: version for label, version in run["versions"].items()}
    quick = "<p><strong>A quick look: nothing here is a figure to quote.</strong></p>" if run["options"].get("quick") else ""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in facts.items())
    return (f"<h1>lockstep: perf lab</h1><p class=soft>What stands between clients and a server, and what it costs. "
            f"Dots are medians over the rounds, whiskers go from the least to the most; ratios are medians of the ratios within "
            f"a round, whose runs are neighbours in time. Absolute figures hold for this machine at that hour only.</p>"
            f"{quick}<dl>{rows}</dl>")


def targets(verdicts, several):
    rows = []
    for verdict in verdicts:
        target = verdict.target
        value = "" if verdict.value is None else f"{short(verdict.value)} {target.unit}"
        sign = {"<=": "≤", ">=": "≥"}.get(target.sign, target.sign)
        build = f"<td class=word>{escape(verdict.label)}</td>" if several else ""
        rows.append(f'<tr><td class=word>{escape(target.text)}</td>{build}<td>{escape(sign)} {target.limit:g} {target.unit}</td>'
                    f'<td>{value}</td><td class="word {verdict.outcome.replace(" ", "-")}">{verdict.outcome}</td></tr>')
    build = "<th class=word>build</th>" if several else ""
    return (f"<h2>Targets</h2><p class=soft>What the project wants of lockstep on one core, beside what was measured here.</p>"
            f"<div class=scroll><table class=targets><tr><th class=word>target</th>{build}<th>wanted</th><th>measured</th>"
            f"<th class=word>outcome</th></tr>{''.join(rows)}</table></div>")


def comparison_of_builds(findings, builds):
    rows = compare(findings, builds)
    if not rows:
        return ""
    return (f"<h2>Builds beside each other</h2><p class=soft>Medians of the ratios to {escape(builds[0])} within a round, from "
            f"the least to the most. A range on both sides of 1 says that nothing was seen.</p>"
            + html_table(cells(rows, columns(builds[0]))))


def section(found, builds):
    scenario = found.scenario
    return (f'<h2 id="{escape(scenario.name)}">{escape(scenario.title)}</h2><p>{escape(scenario.about)}</p>'
            f"<div class=plots>{''.join(plots(found, builds))}</div>{rows_table(found)}{absences(found)}{commands(found)}")


def plots(found, builds):
    for key in found.scenario.shows:
        for case in dict.fromkeys(row["case"] for row in found.rows):
            dots = [dot(row, key, builds) for row in found.rows if row["case"] == case and row.get(key) is not None]
            if dots:
                guide = next((one.value for one in dots if one.kind == "floor"), None)
                what = FIGURES[key].format(unit=found.scenario.unit, units=found.scenario.units)
                place = f"{case:,}" if isinstance(case, int) else case
                yield dot_plot(f"{what} — {found.scenario.axis}: {place}", dots, guide)


def dot(row, key, builds):
    low, high = row.get(key + "_range", (row[key], row[key]))
    label = row["contender"]
    kind = "floor" if label == "floor" else "other"
    if label in builds:
        kind = "own" if label == builds[0] else "own2"
    return Dot(label, row[key], low, high, kind)


def rows_table(found):
    if not found.rows:
        return ""
    return html_table(cells(found.rows, found.columns))


def html_table(lines):
    head, *lines = lines
    classes = [' class="word"' if name in WORDS else "" for name in head]
    text = "".join(f"<th{kind}>{escape(name)}</th>" for kind, name in zip(classes, head))
    rows = "".join("<tr>" + "".join(f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(classes, line)) + "</tr>"
                   for line in lines)
    return f"<div class=scroll><table><tr>{text}</tr>{rows}</table></div>"


def absences(found):
    lines = [f"<li>{escape(contender)}{'' if case is None else f' at {escape(str(case))}'}: {escape(reason)}</li>"
             for contender, case, reason in found.left_out]
    lines += [f"<li>{escape(line)}</li>" for line in found.complaints]
    return f"<p class=soft>Left out, or not as it should be:</p><ul>{''.join(lines)}</ul>" if lines else ""


def commands(found):
    lines = {c.label: shlex.join(c.process.command) for c in found.contenders if c.process}
    loads = dict.fromkeys(shlex.join(map(str, sample["command"])) for sample in found.samples
                          if sample["contender"] == found.samples[0]["contender"])
    text = "\n".join([f"{label}: {line}" for label, line in lines.items()] + list(loads))
    return f"<details><summary>Commands</summary><pre>{escape(text)}</pre></details>" if text else ""


def to_json(run, scenarios, verdicts):
    return json.dumps(run | {"targets": [{"target": verdict.target.text, "build": verdict.label, "sign": verdict.target.sign,
                                          "wanted": verdict.target.limit, "unit": verdict.target.unit,
                                          "measured": verdict.value, "outcome": verdict.outcome} for verdict in verdicts],
                             "scenarios": scenarios}, indent=1)
