"""File formats as pure functions: bytes in, typed Arrow batches and rejected records out."""
