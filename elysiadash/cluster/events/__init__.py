"""What changed in a cluster, and when it was seen."""
