"""Brands' logos on clothes, found by pictures of the logos alone."""
