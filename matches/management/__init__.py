"""Operator commands of the matches app."""
