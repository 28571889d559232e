"""Silver labels: what many small rules say of sentences that nobody has labelled."""
