"""A run of the lab from start to end: its folder, its server, its priority; whatever is started is stopped."""

import contextlib
import os
import signal
import sys
import tempfile

from bench.lab import Lab
from bench.process import LabError, set_autogroup_priority


@contextlib.contextmanager
def lab_for(options, server="canned"):
    """With the canned server at its far end, or the real one at that address."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the finally below runs
    if options.nice:
        set_autogroup_priority(os.nice(options.nice))  # what is started inherits it
    with tempfile.TemporaryDirectory(prefix="lockstep-perf-") as folder:
        lab = Lab(options, folder, server)
        try:
            yield lab
        finally:
            lab.stop()


def exit_status(program, main):
    """Runs it, and says in one line what ended it."""
    try:
        return main()
    except LabError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
