"""The libraries that two or more Loadstone services use."""
