"""One suite of the API as we use it, run on recordings, on the simulator and on real servers."""
