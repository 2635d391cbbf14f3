"""The demonstration: a story on real flights in numbered steps, each of which says what it saw."""
