"""The torch side of a pair: imported inside a torch lane only."""
