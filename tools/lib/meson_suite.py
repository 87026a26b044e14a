"""Runs those of meson's tests whose names begin with a prefix, and counts doctest's cases where a test prints them.

usage: meson_suite.py FOLDER PREFIX
"""

import json
import pathlib
import re
import subprocess
import sys

CASES = re.compile(r"\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed")
ENDED_WELL = {"OK", "EXPECTEDFAIL"}


def names(folder, prefix):
    listed = subprocess.run(["meson", "introspect", "--tests", folder], capture_output=True, text=True, check=True)
    return sorted({test["name"] for test in json.loads(listed.stdout) if test["name"].startswith(prefix)})


def counts(test):
    """Cases passed and failed of one entry of meson's log; a test that crashed, hung or skipped is one failure."""
    cases = CASES.search(test.get("stdout", ""))
    passed, failed = map(int, cases.groups()) if cases else (1, 0)
    if test["result"] not in ENDED_WELL and failed == 0:
        return 0, 1
    return passed, failed


def main(folder, prefix):
    chosen = names(folder, prefix)
    if not chosen:
        print(f"no test of {folder} begins with {prefix}")
        return 1
    log = pathlib.Path(folder) / "meson-logs" / f"suite-{prefix}.json"
    log.unlink(missing_ok=True)
    # Sanitizers and a machine that does other things, too, make tests slower than their own time-outs expect.
    subprocess.run(["meson", "test", "-C", folder, "--no-rebuild", "--print-errorlogs", "--timeout-multiplier", "5",
                    "--logbase", f"suite-{prefix}", *chosen], check=False)
    results = [counts(json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []
    passed = sum(passed for passed, _ in results)
    # A test of which the log does not speak was not run.
    failed = sum(failed for _, failed in results) + max(0, len(chosen) - len(results))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
