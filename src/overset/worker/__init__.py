"""Tasks and schedules of every workspace: the worker, the beat, and both inside `overset up`."""
