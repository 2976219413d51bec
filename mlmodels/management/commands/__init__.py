"""Operator commands of the mlmodels app."""
