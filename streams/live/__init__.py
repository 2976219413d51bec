"""The live fan-out: publisher, recent frames in Redis, and one hub per server process."""
