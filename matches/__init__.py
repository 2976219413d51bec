"""Matches and their append-only event logs: feeds, ingest, corrections and the live page."""
