"""What may be shown now, and what is done to an answer before the draw."""
