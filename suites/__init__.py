"""The laws: one file per area, each contract readable as a Rosetta stone of the two frameworks."""
