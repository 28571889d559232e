"""What a system got wrong, error by error, for a reader to look through."""
