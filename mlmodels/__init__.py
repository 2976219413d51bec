"""Models that predict: registry, projections and calibration."""
