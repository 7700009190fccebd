"""Benchmarks of the course against its twins in PyTorch and Keras; `make bench` runs them."""
