"""Text that people read: made fit to be shown, in the words of a shop, and written out."""
