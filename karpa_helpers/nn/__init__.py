"""Flax modules in the forms that are fast on a CPU and on a GPU."""
