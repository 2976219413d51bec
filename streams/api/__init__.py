"""The streams app in the API: the log of changes and the event stream."""
