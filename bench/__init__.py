"""Benchmarks: ratios against a baseline that runs in the same process, on the same machine."""
