"""What changes a game: one transaction each."""
