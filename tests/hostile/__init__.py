"""Hostile inputs for every reader: how they are made, and who reads them."""
