"""What the live fan-out is measured against."""
