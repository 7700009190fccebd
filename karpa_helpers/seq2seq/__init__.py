"""Encoder-decoder networks: losses, fitting, decoding, scores."""
