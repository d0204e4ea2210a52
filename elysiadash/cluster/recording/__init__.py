"""The past of a cluster: recorded by one process, read and replayed by any."""
