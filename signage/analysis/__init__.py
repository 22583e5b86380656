"""From a journal to numbers, and to a page."""
