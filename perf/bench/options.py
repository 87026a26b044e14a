"""What perf/run and perf/lab ask for alike."""

import argparse
import json
import os

from bench.contender import labelled

PERF = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def add_common(parser):
    parser.add_argument("--build", default=os.path.join(os.path.dirname(PERF), "build"), help="the build directory")
    parser.add_argument("--contenders", help="which, in the table's order (default: all of the scenario)")
    parser.add_argument("--lockstep", action="append", metavar="[LABEL=]PATH", default=[],
                        help="a lockstep binary; again for another build (default: the one in --build)")
    parser.add_argument("--lockstep-settings", metavar="JSON", type=json.loads, default={},
                        help="further settings for lockstep's configuration")
    parser.add_argument("--proxysql", action="append", metavar="[LABEL=]PATH", default=[], help="a ProxySQL binary")
    parser.add_argument("--command", action="append", metavar="LABEL=COMMAND", default=[],
                        help="another relay, with {listen} and {to} in its command")
    parser.add_argument("--warm-up", type=float, default=0.3, help="seconds before what is measured of a run")
    parser.add_argument("--user", default="app")
    parser.add_argument("--password", default="app")
    parser.add_argument("--schema", default="sbtest")
    parser.add_argument("--cpus", default="0,1", help="the CPU of the middle, and that of both ends")
    parser.add_argument("--nice", type=int, default=0,
                        help="the priority of all processes: below 0 keeps other work on the machine from their CPUs")


def complete(parser, options, known):
    """Fills in what several options say together; `known` are the contenders there may be."""
    options.cpus = [int(cpu) for cpu in options.cpus.split(",")]
    options.contenders = options.contenders.split(",") if options.contenders else known
    if unknown := set(options.contenders) - set(known):
        parser.error(f"no contender {', '.join(unknown)}; there are {', '.join(known)}")
    options.builds = [labelled(binary, "lockstep")
                      for binary in options.lockstep or [os.path.join(options.build, "lockstep")]]


def formatter():
    return argparse.ArgumentDefaultsHelpFormatter
