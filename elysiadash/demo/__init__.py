"""Simulated clusters that speak the real API over real sockets."""
