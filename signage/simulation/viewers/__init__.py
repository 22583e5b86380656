"""The simulated response of viewers: its parameters, its draws, and its fit to a journal."""
