"""What perception said of recorded videos: made once, kept as numbers, and lived through again."""
