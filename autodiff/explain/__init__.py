"""What the engine did, in the words and formulas that a learner reads. Loaded when asked for, by `autodiff.seeing`.

Of a rule's source:

- `source`: where a function was written: its expression, found again from the code that runs.
- `rules`: a rule as a line of mathematics, its helpers written out.
- `usual`: the simpler formula of a helper's usual case.
- `settled`: what a run settles in a formula.
- `notation`: a formula with the signs and parentheses of mathematics.

What is recorded, while a program runs:

- `values`: a copy of an array, or, of a large one, what a reader wants to know of it.
- `events`: what a run is made of.
- `signs`: the signs of operations.
- `alive`: graphs that a program holds without need.
- `born`: where the first nan of a run was born.
- `held`: what modules call the tensors that they hold.
- `parsed`: a text read as an expression.
- `operands`: which part of a line is which operand.
- `spelled`: an operation as somebody would write it.
- `names`: what the user calls a tensor.
- `things`: which tensor is which thing of the story.
- `lengthy`: a run that has become too long.
- `recorder`: an observer that writes the events down.
- `first_step`: an observer of a program's first training step.
- `run`: what `watch()` gives: the events, and the views of them.

How it is told:

- `numbers`: numbers as people read them.
- `wording`: how the story calls things.
- `equations`: a rule with names and with numbers.
- `rows`: a line of numbers that no rule gives.
- `executed`: a function of assignments, run line by line.
- `updates`: what a step does to one number, by the optimiser's own rule.
- `measured`: the slope at one number, from the forward computed again.
- `expected`: what a step should do to the loss.
- `moments`: what a story is made of.
- `changes`: what is written over in place, and cleared.
- `story`: the events told as moments.
- `text`: the story in 80 columns.
- `graph`: boxes and lines, of a run or of tensors.
- `groups`: nodes that belong together: a module, the turns of a loop, a chain.
- `guessing`: to which module a node of a graph belongs.
- `folding`: what of a large graph is one box.
- `figures`: the picture of the whole, and of the inside of each such box.
- `layers`: their rows.
- `columns`: their places in a row.
- `layout`: where the boxes stand.
- `svg`: the picture drawn.
- `picture`: what `autodiff.graph` gives: the picture in every form.
- `page`: the story, the code and the picture in one file for a browser.
- `html`: a tensor in a notebook's cell.
- `data`: a run as JSON.
- `exploring`: the page in a notebook, or in the browser.
- `stepping`: the backward walk by hand, one operation at a time.
- `surface`: the loss over a plane of models.
- `summary`: what a model does to an input, layer by layer.
- `doctor`: what keeps a model from learning.
- `why`: why a tensor has no gradient.
- `saved`: what an operation keeps for backward.
- `ways`: the ways from a loss back to a tensor, or that there is none.
- `program`: the program that ran, as Python without a graph.
- `own_backward`: its operations that go back in a way of their own.
- `scope`: the names in it.
- `steps`: an optimiser's part in it.
"""
