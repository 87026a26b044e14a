"""From samples to the report: medians, ratios, targets, the page; and what other programs print."""

import html.parser
import json
import re
import types
import unittest
import xml.etree.ElementTree

from bench import builds, counting, page, roster, sysbench, table, targets
from bench.contender import Absent, Contender, descriptors_max
from bench.process import LabError
from bench.proxysql import configuration as proxysql_configuration
from bench.router import configuration as router_configuration
from bench.scenario import Case, Scenario
from bench.secret import hide
from bench.summary import Findings, summarise

SCENARIO = Scenario("point-text", "Point <select>", "connections", (Case(1, 1), Case(64, 64)), "About & so on.",
                    ("cpu_us", "p99_us"))


def sample(contender, round_number, cpu_us, case=64, **more):
    return {"contender": contender, "baseline": "floor", "case": case, "connections": case, "round": round_number,
            "per_second": 1e6 / cpu_us, "cpu_us": cpu_us, "user_us": cpu_us / 10, "system_us": cpu_us * 0.9, "busy": 0.5,
            "p50_us": 10 * cpu_us, "p99_us": 20 * cpu_us, "p999_us": 30 * cpu_us, "bytes_per_cpu_second": 1e9 / cpu_us,
            "peak_bytes": 20_000_000, "statements": 1000, "ticks_s": 1.0, "user_ticks_s": 0.1, "cpu_s": cpu_us / 1000,
            "failures": {}, "problem": "", "command": ["load", "--to", "<here>"], **more}


def findings(*samples, scenario=SCENARIO, left_out=()):
    return Findings(scenario, table.comparison(scenario), summarise(samples), list(samples), [], [], list(left_out))


class Summaries(unittest.TestCase):
    def test_ratios_are_of_the_same_round(self):
        """The machine is twice as slow in the second round: a ratio of medians would say 1.15, each round says 1.1."""
        rows = summarise([sample("floor", 0, 2.0), sample("lockstep", 0, 2.2), sample("floor", 1, 4.0),
                          sample("lockstep", 1, 4.4), sample("floor", 2, 2.0), sample("lockstep", 2, 2.6)])
        row = next(row for row in rows if row["contender"] == "lockstep")
        self.assertAlmostEqual(row["cpu_us_ratio"], 1.1)
        self.assertAlmostEqual(row["cpu_us_ratio_range"][1], 1.3)
        self.assertEqual((row["cpu_us"], row["cpu_us_range"]), (2.6, [2.2, 4.4]))

    def test_a_run_without_a_statement_leaves_gaps_not_zeros(self):
        row = summarise([sample("lockstep", 0, 2.0) | {"cpu_us": None, "p50_us": None}])[0]
        self.assertNotIn("cpu_us", row)
        self.assertIn("|", table.table([row], table.comparison(SCENARIO)))

    def test_builds_are_compared_with_the_first(self):
        rows = builds.compare([findings(sample("old", 0, 2.0), sample("new", 0, 1.0))], ["old", "new"])
        self.assertEqual((rows[0]["build"], rows[0]["cpu_us"]), ("new", [0.5, 0.5, 0.5]))
        self.assertEqual(builds.compare([findings(sample("old", 0, 2.0))], ["old"]), [])


class Targets(unittest.TestCase):
    def outcome(self, text, *found):
        outcomes = [one for one in targets.verdicts(found, ["lockstep"]) if text in one.target.text]
        self.assertTrue(outcomes, text)
        return outcomes[0]

    def test_cost_beside_the_floor(self):
        for cpu_us, outcome in ((2.0, "met"), (2.16, "met"), (2.17, "missed")):
            found = findings(sample("floor", 0, 2.0), sample("lockstep", 0, cpu_us))
            self.assertEqual(self.outcome("in text", found).outcome, outcome)

    def test_what_did_not_run_is_not_measured(self):
        for verdict in targets.verdicts([], ["lockstep"]):
            self.assertEqual((verdict.value, verdict.outcome), (None, "not measured"))

    def test_user_space_is_taken_of_all_rounds_and_only_with_enough_ticks(self):
        found = findings(*(sample("lockstep", number, 5.0) for number in range(3)))
        self.assertAlmostEqual(self.outcome("user space", found).value, 0.5)
        few = findings(sample("lockstep", 0, 5.0) | {"ticks_s": 0.1})
        self.assertIsNone(self.outcome("user space", few).value)

    def test_added_latency(self):
        found = findings(*(sample(label, 0, 2.0, 1, p50_us=p50) for label, p50 in
                           (("direct", 20.0), ("floor", 40.0), ("lockstep", 41.0))))
        self.assertAlmostEqual(self.outcome("latency", found).value, 1.05)

    def test_the_crowd_and_the_stream(self):
        crowd = SCENARIO._replace(name="crowd")
        rows = [sample("lockstep", 0, 2.0, case, memory_bytes=memory) for case, memory in ((0, 10e6), (1000, 15e6))]
        found = findings(*rows, scenario=crowd)
        found.rows[1]["client_bytes"] = 5000
        self.assertEqual(self.outcome("idle client", found).value, 5000)
        self.assertEqual(self.outcome("beside the crowd", found).outcome, "met")
        stream = findings(sample("lockstep", 0, 9.0, "100 B", peak_bytes=150_000_000), scenario=SCENARIO._replace(name="stream"))
        memory = self.outcome("memory that such a result takes", stream, findings(sample("lockstep", 0, 2.0)))
        self.assertEqual((memory.value, memory.outcome), (130, "missed"))


class Page(unittest.TestCase):
    RUN = {"date": "now", "machine": {"cpu": "A <CPU>", "cpus": 2, "kernel": "6.1", "load_average": [0, 0, 0]},
           "elapsed_seconds": 1, "command": "perf/lab --user '<me>'", "versions": {"haproxy": "HAProxy <2.6>"}, "options": {}}

    def page(self):
        found = findings(sample("floor", 0, 2.0), sample("<b>", 0, 3.0), sample("lockstep", 0, 2.2), sample("next", 0, 2.1),
                         left_out=[("proxysql", None, "no path to it"), ("floor", 15_000, "two descriptors & more")])
        labels = ["lockstep", "next"]
        return found, page.page(self.RUN, [found], targets.verdicts([found], labels), labels)

    def test_plots_are_well_formed_and_have_a_dot_for_each_contender(self):
        _, text = self.page()
        plots = re.findall(r"<svg.*?</svg>", text, re.S)
        self.assertEqual(len(plots), 2)
        for plot in plots:
            tree = xml.etree.ElementTree.fromstring(plot)
            self.assertEqual(len(tree.findall(".//circle")), 4)
            self.assertEqual(len([one for one in tree.iter("line") if one.get("class") == "guide"]), 1)
            for circle in tree.iter("circle"):
                self.assertTrue(120 <= float(circle.get("cx")) <= 460, circle.attrib)

    def test_nothing_is_fetched_and_nothing_breaks_out(self):
        _, text = self.page()
        for forbidden in ("<script", "http:", "https:", "src=", "url(", "<b>", "<CPU>", "<here>", "<me>", "<2.6>"):
            self.assertNotIn(forbidden, text)
        html.parser.HTMLParser().feed(text)

    def test_a_quick_run_says_that_it_is_one(self):
        self.assertNotIn("quick look", self.page()[1])
        self.assertIn("quick look", page.page(self.RUN | {"options": {"quick": True}}, [], [], ["lockstep"]))

    def test_passwords_are_in_no_command(self):
        shown = hide(["perf/lab", "--password", "one", "--password=two", "--mysql-password=three", "--mysql-db=four"])
        self.assertEqual(shown, ["perf/lab", "--password", "***", "--password=***", "--mysql-password=***", "--mysql-db=four"])

    def test_who_is_left_out_is_named_with_the_reason(self):
        _, text = self.page()
        self.assertIn("proxysql: no path to it", text)
        self.assertIn("floor at 15000: two descriptors &amp; more", text)

    def test_two_builds_stand_beside_each_other(self):
        self.assertIn("Builds beside each other", self.page()[1])

    def test_json_holds_targets_and_samples(self):
        found, _ = self.page()
        written = json.loads(page.to_json(self.RUN, [{"samples": found.samples}], targets.verdicts([found], ["lockstep"])))
        self.assertEqual(written["scenarios"][0]["samples"][0]["contender"], "floor")
        self.assertEqual({one["outcome"] for one in written["targets"]}, {"met", "missed", "not measured"})


class Roster(unittest.TestCase):
    OPTIONS = types.SimpleNamespace(contenders=roster.ALL, proxysql=[], command=[], builds=[("a", "x"), ("b", "y")],
                                    lockstep_settings={})
    LAB = types.SimpleNamespace(programs="/nowhere", user="app", password="app", schema="s", server_address="127.0.0.1:3306")

    def test_everybody_is_there_or_says_why_not(self):
        chosen = roster.choose(self.OPTIONS, self.LAB)
        self.assertEqual([one.label for one in chosen],
                         ["direct", "floor", "epoll", "haproxy", "router", "router-sharing", "proxysql", "a", "b"])
        self.assertIn("--proxysql", next(one for one in chosen if one.label == "proxysql").missing())

    def test_labels_are_different(self):
        options = types.SimpleNamespace(**{**vars(self.OPTIONS), "builds": [("a", "x"), ("a", "y")]})
        with self.assertRaises(LabError):
            roster.choose(options, self.LAB)

    def test_descriptors_bound_relays_at_half(self):
        relay, proxy = Contender("relay"), Contender("proxy")
        proxy.descriptors_per_client = 1
        clients = descriptors_max() // 2
        self.assertIn("two descriptors", relay.overtaxed(clients))
        self.assertEqual((proxy.overtaxed(clients), relay.overtaxed(clients // 2)), ("", ""))
        self.assertEqual(Absent("x", "why").missing(), "why")

    def test_configurations_name_where_to_listen_and_where_to_go(self):
        for text in (proxysql_configuration("/d", 1111, 2222, self.LAB),
                     router_configuration("/d", 1111, self.LAB.server_address, sharing=False),
                     router_configuration("/d", 1111, self.LAB.server_address, sharing=True)):
            self.assertIn("1111", text)
            self.assertIn("3306", text)
        self.assertIn("connection_sharing=1", router_configuration("/d", 1, "h:1", sharing=True))


class OtherPrograms(unittest.TestCase):
    def test_perf_stat(self):
        self.assertEqual(counting.counted("# started\n\n1234,,raw_syscalls:sys_enter,1000,100.00,,\n"), 1234)
        self.assertIsNone(counting.counted("<not counted>,,raw_syscalls:sys_enter,0,100.00,,\n"))
        self.assertIsNone(counting.counted(""))

    SYSBENCH = """SQL statistics:
    queries performed:
        read:                            20384
        write:                           0
        other:                           0
        total:                           20384
    transactions:                        20384  (20361.74 per sec.)
    queries:                             20384  (20361.74 per sec.)
    ignored errors:                      3      (3.00 per sec.)
    reconnects:                          0      (0.00 per sec.)

Latency (ms):
         99th percentile:                        1.25
"""

    def test_sysbench(self):
        self.assertEqual(sysbench.parse(self.SYSBENCH), {"queries": 20384, "per_second": 20361.74, "p99_us": 1250.0,
                                                         "ignored_errors": 3, "failures": {}})
        self.assertEqual(sysbench.parse(self.SYSBENCH.replace("reconnects:   ", "reconnects:  2"))["failures"], {"lost": 2})
        with self.assertRaises(LabError):
            sysbench.parse("FATAL: unable to connect")
