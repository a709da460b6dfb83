"""The rows of samples.py, a file for each kind of operation."""
