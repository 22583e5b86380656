"""The reports: one page about a journal, an experiment or a simulation."""

LEAST_PERSONS = 10
"""The usual threshold under which official statistics suppress a cell."""
