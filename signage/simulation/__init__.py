"""A recorded audience with simulated reactions, before the engine of a real screen."""
