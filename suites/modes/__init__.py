"""Laws of programs in the modes that people run them in: mixed precision, recomputation, accumulation, averages."""
