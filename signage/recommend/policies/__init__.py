"""The policies: one per file, all with the interface of ``base.py``."""
