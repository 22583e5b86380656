"""The configuration: one model for each table of ``configs/*.toml``, checked when it is read."""
