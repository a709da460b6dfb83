"""How PyTorch's autograd works: the engine, an afternoon's reading. Nothing here knows an operation of `ops` by its name.

In the order in which it is best read; `docs/engine.md` tells the same story with sessions to type along.

What a tensor is:

- `types`: a shape, a device, and results with names, which print as PyTorch's.
- `formats`: the order of the elements in memory, by PyTorch's names.
- `dtypes`: the number types, and which one wins when two meet.
- `tensor`: an array, the edge along which its gradient goes, and a cell that counts changes.
- `fields`: requires_grad, grad, grad_fn, data: all read off the edge.
- `modes`: the switches of a thread: no_grad, enable_grad, inference_mode.
- `provenance`: the user's line that made a tensor, noted cheaply, decoded for a message.
- `places`: the expression that stands at such a line.
- `naming`: what the user calls a tensor, for a message.
- `scalars`: a number brought to a dtype: what wraps around, and what does not fit.
- `errors`: what can go wrong, in PyTorch's words, and what to write instead.
- `unlike`: what is told where NumPy and tensors meet.
- `refusals`: an error that a helper found is raised in the function that was called.
- `missing`: a name that is not here: whether PyTorch has it, and what is near it.

How the graph is built:

- `operation`: a forward, its partials, and the plan of what they need.
- `graph`: `@primitive`: the call that computes, and records where an input requires a gradient.
- `operators`: the same for two plain tensors, written out: `a * b`.
- `node`: one recorded operation: its edges, what it kept, and how its rules are run.
- `cuts`: where a graph ended lately, for the message of a backward that finds none.
- `rebound`: where the user's code gives a parameter's name to a new tensor.
- `promotion`: inputs of several dtypes are brought to one before the operation.
- `broadcast`: repeating along a dimension, and summing back.

How the graph is walked:

- `walk`: the walk itself: newest node first, leaves last.
- `sums`: a gradient brought to its input, added to what arrived before, and in the end to `.grad`.
- `grad`: its two entry points, backward and grad, and what they refuse.
- `edges`: a place in the graph, named by its node instead of by a tensor.
- `calling`: one step of the walk by hand: `y.grad_fn(g)`.
- `missed`: what a walk needed and did not find as it was: who changed it, and what to write.
- `handles`: where hooks are kept, and how one is taken away again.
- `hooks`: functions of the user's that see a gradient and may replace it.
- `together`: operations with one rule for all inputs, which are walked in a way of their own.
- `teaching`: mistakes that raise no error: their codes, and how strictly they are meant.
- `strictly`: what strict() tells beyond the warnings.
- `not_finite`: where a nan or an infinity comes from.
- `stepped`: what an optimizer's step asks of the rest: was its gradient used before.
- `observer`: what happens is told to whoever looks on; everything that explains is built on it.

When memory is changed:

- `memory`: the version cell, by which whoever kept a value knows that it was changed.
- `views`: tensors that see another's memory, and how they follow its changes.
- `inplace`: an in-place operation is the out-of-place one, recorded, then written; `@method` stands here too.
- `expanded`: writes into elements that share memory: three are taken, with a warning.
- `reshaped`: another shape in place: the tensor becomes a view of what it was.

When a user makes a subclass of Tensor:

- `overrides`: whose classes are asked about a call, by PyTorch's `__torch_function__`.
- `subclasses`: the usual answer: the results are instances of the subclass, too.
"""
