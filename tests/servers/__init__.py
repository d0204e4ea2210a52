"""Real Weaviate servers for the tests: started on this machine, loaded, and ended with them."""
