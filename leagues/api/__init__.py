"""The public JSON of the leagues app, read only."""
