"""Every scenario in its shortest form against the canned server, by the commands that people type."""

import json
import os
import subprocess
import tempfile
import unittest

from bench import scenarios
from bench.process import free_port
from checks import support

PERF = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONTENDERS = ["direct", "floor", "epoll", "lockstep"]
OVER_UNIX = ["direct", "direct, unix sockets",
             *(label + sides for label in CONTENDERS[1:] for sides in ("", ", unix clients", ", unix server", ", unix sockets"))]


def command(*arguments):
    return subprocess.run([*arguments, "--build", os.path.dirname(support.programs)], capture_output=True, text=True,
                          check=False, timeout=200)


class Commands(unittest.TestCase):
    def test_the_lab_runs_all_scenarios_and_writes_a_report(self):
        with tempfile.TemporaryDirectory() as folder:
            answer = command(os.path.join(PERF, "lab"), "--quick", "--output", folder,
                             "--contenders", ",".join([*CONTENDERS, "proxysql"]))
            self.assertEqual(answer.returncode, 0, answer.stderr[-2000:])
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                report = json.load(file)
            with open(os.path.join(folder, "report.html"), encoding="utf-8") as file:
                page = file.read()
        self.assertNotIn('"password"', json.dumps(report["options"]))
        by_name = {one["scenario"]: one for one in report["scenarios"]}
        self.assertEqual(list(by_name), [*scenarios.BY_NAME, "state"])
        for scenario in scenarios.ALL:
            with self.subTest(scenario=scenario.name):
                self.check_scenario(scenario, by_name[scenario.name], page)
        self.assertEqual(by_name["state"]["complaints"], [])

    def check_scenario(self, scenario, one, page):
        self.assertIn(f'id="{scenario.name}"', page)
        self.assertIn({"contender": "proxysql", "case": None,
                       "reason": "no path to a ProxySQL was given (--proxysql)"}, one["left_out"])
        for case in scenario.chosen(quick=True):
            rows = {row["contender"]: row for row in one["summary"] if row["case"] == case.label}
            self.assertEqual(list(rows), OVER_UNIX if scenario.over_unix else CONTENDERS)
            for label, row in rows.items():
                self.assertEqual(row["failures"], 0)
                if label.startswith("direct"):
                    continue
                for figure in scenario.shows:
                    # A run this short may end before the first long result; the first case has no idle clients.
                    if figure in ("cpu_us", "p50_us", "p99_us", "p999_us", "client_bytes", "memory_bytes"):
                        continue
                    self.assertGreater(row[figure], 0, (label, figure))
        last = [row for row in one["summary"] if row["case"] == scenario.chosen(quick=True)[-1].label]
        self.assertTrue(any(row.get("server_connections") for row in last))

    def test_a_lockstep_that_is_not_there_is_left_out_and_fails_the_run(self):
        answer = command(os.path.join(PERF, "run"), "--quick", "--scenario", "columns", "--contenders", "floor,lockstep",
                         "--lockstep", "gone=/nowhere/lockstep")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("gone is left out: gone: /nowhere/lockstep is not a program", answer.stderr)
        self.assertIn("| floor ", answer.stdout)

    def test_a_server_that_is_not_there_ends_the_run_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            answer = command(os.path.join(PERF, "lab"), "--quick", "--output", folder, "--server",
                             f"mysql=127.0.0.1:{free_port()}")
            self.assertEqual((answer.returncode, os.listdir(folder)), (1, []))
        self.assertIn("perf/lab: no server answers at 127.0.0.1:", answer.stderr)

    def test_a_scenario_has_connections_of_its_own(self):
        answer = command(os.path.join(PERF, "run"), "--scenario", "columns", "--connections", "3")
        self.assertEqual(answer.returncode, 2)

    def test_run_writes_json(self):
        with tempfile.NamedTemporaryFile(suffix=".json") as output:
            answer = command(os.path.join(PERF, "run"), "--quick", "--connections", "4", "--contenders", "direct,floor",
                             "--output", output.name)
            self.assertEqual(answer.returncode, 0, answer.stderr)
            written = json.load(output)
        self.assertEqual([row["contender"] for row in written["summary"]], ["direct", "floor"])
        self.assertGreater(written["summary"][1]["cpu_us"], 0)
