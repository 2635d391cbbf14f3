"""The HTTP API: what operators and clients ask of Loadstone."""
