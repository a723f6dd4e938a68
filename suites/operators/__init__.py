"""The breadth: one file for each family of calls, one short declaration for each call."""
