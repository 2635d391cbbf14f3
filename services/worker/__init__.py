"""The worker: imports one delivery after another."""
