"""Simulated clusters that speak the real API over real sockets.

`simulated()` gives one inside this process, `python -m elysiadash.demo` runs them as a process of
their own. What they answer is what Weaviate 1.39.0 was seen to answer, errors and quirks included.
"""

from elysiadash.demo.clock import ManualClock
from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.demo.faults import Fault

__all__ = ["Fault", "ManualClock", "SimulatedCluster", "simulated"]
