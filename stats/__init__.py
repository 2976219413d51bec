"""Numbers folded from the event logs: boxscores, stat lines and tables."""
