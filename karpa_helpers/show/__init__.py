"""What the learner sees: figures, results, controls and exercises."""
