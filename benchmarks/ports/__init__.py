"""Ports that other people published, put through the check of a port as a user would do it."""
