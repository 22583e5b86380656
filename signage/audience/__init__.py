"""From sightings to visits, and to the snapshot of who is there."""
