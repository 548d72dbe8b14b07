"""What the analyst does for each kind of question: a script each; read `answering.py` first."""
