"""The embedded stack: PostgreSQL, Valkey, S3 and the three services as child processes."""
