"""The public JSON of the matches app, read only."""
