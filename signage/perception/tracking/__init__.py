"""Detections joined into tracks: who is who from frame to frame."""
