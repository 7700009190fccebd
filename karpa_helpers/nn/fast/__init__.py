"""Forms of plain operations that XLA runs fast on a CPU. Skip this room on first reading."""
