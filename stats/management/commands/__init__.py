"""Operator commands of the stats app."""
