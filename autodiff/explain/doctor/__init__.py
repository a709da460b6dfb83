"""The doctor: what keeps a model from learning, found on a copy of it with one batch.

- `report`: what was found, and how it is printed.
- `aside`: a copy to try things on, and a block of code that leaves no trace.
- `trial`: one training step on the copy, looked at from the outside.
- `setup`: what can be said before anything runs: parameters, optimizer, switches.
- `data`: the input and the target.
- `failures`: a forward or a backward that ended with an error.
- `targets`: a loss that did.
- `losses`: what the loss was given, and what it gave.
- `gradients`: what came back.
- `learning`: whether some steps on the one batch make its loss smaller.
- `visit`: all of it, in the order in which it matters.
"""
