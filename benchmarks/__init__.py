"""Measurements of the product, each of which writes a page of results."""
