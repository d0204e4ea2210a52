"""One module per part of the API: pure functions from the world and a request to an answer."""
