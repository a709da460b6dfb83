"""The operations: each a forward function on arrays, with its partial derivatives above it."""
