"""What is measured, a file for each question; each has `measure` and `render`."""
