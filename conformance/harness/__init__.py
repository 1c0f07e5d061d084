"""Starts a center and gives the suites what they need of it: keys, machines, a signer, the contract."""
