"""What one lesson needs and does not teach, by lesson; `checks` are its exercises'.

Only the lesson, its check, tools and benchmarks import these. With a second user it moves down.
"""
