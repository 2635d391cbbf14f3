"""Decisions without effects: what a dataset promises, what a run may do next, when one is due."""
