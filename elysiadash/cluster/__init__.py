"""What is known of a cluster right now."""
