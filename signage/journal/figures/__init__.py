"""Figures that SQLite adds up: of the last days for the dashboard, of all for the report."""
