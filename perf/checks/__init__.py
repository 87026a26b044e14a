"""Tests of the lab itself, which perf/check runs."""
