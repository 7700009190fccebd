"""Generative adversarial networks: losses, networks, fitting and scores."""
