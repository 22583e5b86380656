"""Recorded footage, and scenes drawn from it whose truth is known."""
