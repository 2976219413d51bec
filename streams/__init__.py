"""The log of domain events: outbox, relay, consumer groups, dead letters and the live fan-out."""
