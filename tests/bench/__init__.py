"""Benchmarks: `make bench`, one last line of JSON each."""
