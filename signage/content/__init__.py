"""What may be shown: catalogue, schedules, the check before showing, and the watch for changes.

The only loader of contents. It knows nothing of viewers or screens.
"""
