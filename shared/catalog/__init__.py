"""Loadstone's own tables, one module and one .sql file per noun."""
