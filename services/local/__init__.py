"""The embedded stack: PostgreSQL, Valkey, S3 and Loadstone's services as child processes of one command."""
