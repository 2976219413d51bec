"""The public JSON of the stats app, read only."""
