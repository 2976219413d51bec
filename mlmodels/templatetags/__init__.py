"""Template tags of what models say."""
