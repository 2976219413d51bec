"""The JSON of the fantasy app: what everybody may read, and all that a manager can do."""
