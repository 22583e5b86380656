"""Which content for this audience, with which exact probability."""
