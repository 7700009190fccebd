"""Data drawn or written by rule, with known ground truth."""
