"""Data for the lessons: what exists, where it comes from, and loaders that also work offline.

No module here imports Flax, and only array methods touch images, so NumPy is enough.
"""
