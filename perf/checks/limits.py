"""What perf/run --limit makes of costs and of noise, and runs that have not measured what they are for."""

import unittest

from bench import multiplexing, state
from bench.limit import Limit, missed


class Limits(unittest.TestCase):
    """Two rounds of two contenders cost what the lists say; more rounds are taken from the lists that follow."""

    def missed(self, *repetitions):
        self.numbers = iter(range(100))
        left = [self.rounds(costs) for costs in repetitions]
        samples = left.pop(0)
        excesses = missed(Limit.parse("1.3@64"), samples, ["lockstep"], lambda connections: left.pop(0))
        self.assertEqual(left, [])
        return excesses

    def rounds(self, costs):
        return [{"contender": label, "baseline": "floor", "case": 64, "connections": 64, "round": number, "per_second": 1.0, "cpu_us": cpu, "failures": {},
                 "user_us": 1, "system_us": 1, "busy": 1, "load_cpu_us": 1}
                for cost, number in zip(costs, self.numbers) for label, cpu in (("floor", 2.0), ("lockstep", 2 * cost))]

    def test_a_ratio_within_the_limit_keeps_it_at_once(self):
        self.assertEqual(self.missed([1.2, 1.3]), [])

    def test_noise_is_outvoted_by_more_rounds(self):
        self.assertEqual(self.missed([1.5, 1.5], [1.2, 1.2, 1.2]), [])

    def test_what_stays_above_the_limit_after_two_repetitions_misses_it(self):
        excesses = self.missed([1.4, 1.4], [1.4, 1.4], [1.4, 1.4])
        self.assertEqual(excesses, ["lockstep costs 1.40 times as much as floor at 64 connections; the limit is 1.3"])


class Findings(unittest.TestCase):
    """Runs that have not measured what they are for say so."""

    def test_syncs_of_another_form_than_meant(self):
        def wrong(wanted, at_first=0.0, **syncs):
            return state.wrong_syncs({"pipelined": 0, "guarded": 0, "awaited": 0, **syncs}, wanted, at_first)

        self.assertFalse(wrong(None, awaited=0.01))
        self.assertTrue(wrong(None, pipelined=1))
        self.assertFalse(wrong("pipelined", pipelined=0.99, guarded=0.01))
        self.assertTrue(wrong("pipelined", pipelined=0.5))
        self.assertTrue(wrong("awaited", pipelined=2))
        self.assertFalse(wrong("guarded", guarded=2))
        self.assertTrue(wrong("pipelined", pipelined=2, guarded=0.2))
        self.assertFalse(wrong("pipelined", at_first=0.2, pipelined=2, guarded=0.2))

    def test_clients_that_miss_their_state_or_their_turn(self):
        def wrong(**differently):
            return multiplexing.wrong({"round": 0, "connections": 100, "statements": 10_000, "rows": 5_000, "fewest": 90,
                                       "server_sessions": 16, "seconds": 1.0, **differently})

        self.assertEqual(wrong(), [])
        self.assertIn("missed its own state", wrong(rows=4_000)[0])
        self.assertIn("not got a single reply", wrong(fewest=0)[0])
        self.assertIn("17 server sessions", wrong(server_sessions=17)[0])
