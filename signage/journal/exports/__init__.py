"""The journal for other tools."""
