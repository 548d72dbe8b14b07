"""The benchmark of the assistant: what it adds to a model's own time, alone and in a crowd."""
