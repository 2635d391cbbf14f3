"""What the services say about themselves: logs, metrics and the ops endpoint."""
