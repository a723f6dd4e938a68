"""Tests of the instrument, of the reference implementations and of the suites."""
