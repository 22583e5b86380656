"""Off-policy evaluation: arrays in, estimates out."""
