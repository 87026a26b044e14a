"""Who takes part: names become contenders, in the order of the names."""

from bench.contender import Absent, Direct, Relay, labelled, own_relay
from bench.haproxy import HaProxy
from bench.lockstep import Lockstep
from bench.process import LabError
from bench.proxysql import ProxySql
from bench.router import Router

USUAL = ["direct", "floor", "haproxy", "lockstep"]
ALL = ["direct", "floor", "epoll", "haproxy", "router", "router-sharing", "proxysql", "lockstep"]


def choose(options, lab):
    known = {
        "direct": lambda: [Direct("direct")],
        "floor": lambda: [own_relay("floor", lab.programs)],
        "epoll": lambda: [own_relay("epoll", lab.programs)],
        "haproxy": lambda: [HaProxy("haproxy")],
        "router": lambda: [Router("router", sharing=False)],
        "router-sharing": lambda: [Router("router-sharing", sharing=True)],
        "proxysql": lambda: ([ProxySql(*labelled(path, "proxysql")) for path in options.proxysql]
                             or [Absent("proxysql", "no path to a ProxySQL was given (--proxysql)")]),
        "lockstep": lambda: [Lockstep(*build, options.lockstep_settings) for build in options.builds],
    }
    chosen = []
    for name in options.contenders:
        chosen += known[name]()
    chosen += [Relay(*labelled(command, "")) for command in options.command]
    labels = [contender.label for contender in chosen]
    if len(set(labels)) < len(labels):
        raise LabError(f"contenders need labels of their own: {', '.join(labels)}")
    return chosen
