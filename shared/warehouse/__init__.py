"""The only package that touches data tables."""
