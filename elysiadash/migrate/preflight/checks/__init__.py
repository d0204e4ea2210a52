"""The checks, by what they look at: each is a function of the facts that gives its findings."""
