"""The formulas of the lessons, as pure functions on arrays."""
