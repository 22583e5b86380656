"""What one frame tells about the people in it: Frame → list of Sighting."""
