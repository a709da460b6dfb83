"""What the engine did, in words and formulas a learner reads. Nothing here is imported by `import autodiff`."""
