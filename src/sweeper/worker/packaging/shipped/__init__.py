"""What is copied into packages, and runs there: nothing here imports from sweeper."""
