"""Loadstone's programs: api, worker, scheduler, the command line, and the embedded stack."""
