"""The tools that people start by hand."""

import os

from bench import REPOSITORY


def test_unknown_suite_is_refused(bench):
    """tools/test with the name of no suite says which ones there are, and ends with a failure before it does anything."""
    result = bench.run([REPOSITORY / "tools" / "test", "unit", "unti"],
                       env={**os.environ, "LOCKSTEP_STATE": str(bench.folder / "unused")})
    assert result.returncode == 1, result.stdout + result.stderr
    assert "there is no suite 'unti'" in result.stderr and "integration-sanitizer" in result.stderr, result.stderr
    assert not result.stdout and not (bench.folder / "unused").exists()
