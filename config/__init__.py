"""Settings, entry points, embedded servers and everything that wires the apps together."""
