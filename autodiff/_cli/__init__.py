"""What the `autodiff` command is made of: tables, networks, model files, reports."""
