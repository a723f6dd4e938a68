"""The version matrix: every contract on every release of a framework, and where each change appeared first."""
