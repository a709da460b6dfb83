"""What the engine did, in the words and formulas that a learner reads. Loaded when asked for; it has no public name yet.

- `source`: where a function was written: its expression, found again from the code that runs.
- `rules`: a rule as a line of mathematics, its helpers written out.
- `notation`: a formula with the signs and parentheses of mathematics.
"""
