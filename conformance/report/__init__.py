"""Views of a run: ``results.json`` is the one source, terminal summary and Markdown are made from it."""
