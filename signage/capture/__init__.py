"""From a source to frames with a time, and what is wrong with the picture."""
