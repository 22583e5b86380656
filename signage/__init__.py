"""Audience-adaptive signage that perceives, decides and learns on the device."""

import os

__version__ = "0.1.0"

# The matrices here are small: a second thread is waited for longer than it helps, most of all
# where models and other processes use the cores; and the last bits of a product hang on their
# number. Read when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
