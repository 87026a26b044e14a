"""Reads what callgrind wrote: how many instructions each function took, and those it called for it."""

import collections
import re

POSITION = re.compile(r"^(c?)(fn|fi|fe|fl|ob|file)=(?:\((\d+)\))?\s*(.*)$")


class Calls:
    """`own[function]`, and `edges[caller, callee]` with what the callee and all it called took."""

    def __init__(self, lines):
        self.own = collections.Counter()
        self.edges = collections.Counter()
        names = {}
        function = callee = None
        for line in lines:
            if match := POSITION.match(line):
                called, kind, number, name = match.groups()
                if kind != "fn":
                    continue
                if number:
                    name = names.setdefault(number, name) if name else names[number]
                if called:
                    callee = name
                else:
                    function = name
            elif line[:1].isdigit() or line[:1] in "+-*":
                cost = int(line.split()[1])
                if callee is None:
                    self.own[function] += cost
                else:  # the line behind `calls=`
                    self.edges[function, callee] += cost
                    callee = None

    def into(self, entered, left=lambda caller: True):
        """What calls from functions of which `left` is true to those of which `entered` is took."""
        return sum(cost for (caller, callee), cost in self.edges.items() if left(caller) and entered(callee))
