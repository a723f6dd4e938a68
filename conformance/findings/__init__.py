"""The ledger for readers: a page that tells every known divergence, and a standalone script for each."""
