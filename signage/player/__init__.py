"""The page on the screen and the wire to it: what was asked, and what the page confirmed."""
