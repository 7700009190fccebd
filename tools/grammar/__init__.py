"""The writer of the course's English-French sentences, `karpa_helpers/data/grammar.py`."""
