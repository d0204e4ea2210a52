"""The only door to a Weaviate server."""
