"""What passes between the stages: frozen, and nothing that computes.

    Frame → Sighting → Viewer → AudienceSnapshot → Decision → PlayEvent → Reward

Times ending in ``_s`` are monotonic seconds of the capture clock (``Frame.t_s``); ``utc`` is the
wall clock, which also comes in with the frame. No stage reads a clock.
"""
