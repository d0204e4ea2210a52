"""Templates: definitions without a name, kept in the user's folder or shipped with the package."""
