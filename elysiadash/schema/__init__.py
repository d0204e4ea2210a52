"""A collection's definition as data: clean, rename, compare, order, keep it.

Everything here is a pure function over plain dicts, as ``GET /v1/schema/{collection}`` gives them
(1.30 to 1.39). What a server does with a definition is in tables, each line with its source.
"""
