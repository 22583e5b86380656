"""Audience-adaptive signage that perceives, decides and learns on the device."""

__version__ = "0.1.0"
