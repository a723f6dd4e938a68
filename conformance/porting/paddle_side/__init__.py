"""The paddle side of a pair: imported inside a paddle lane only."""
