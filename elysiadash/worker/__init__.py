"""The process that does the jobs, whoever asked for them, and outlives the terminal.

``main`` is its loop, ``running`` does one job in a thread, ``engines`` alone says which engine does
which kind, ``guardian`` is the small process that starts another worker where this one is killed.
"""
