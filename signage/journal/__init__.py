"""The record of decisions, plays, rewards and visits: the only room with SQL."""
