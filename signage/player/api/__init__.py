"""The addresses of the player server: one per file."""
