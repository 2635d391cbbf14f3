"""The one door to PostgreSQL: pools, named SQL statements, migrations."""
