"""The public JSON of the mlmodels app, read only."""
