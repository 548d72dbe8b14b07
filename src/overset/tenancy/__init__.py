"""Where: workspaces, how they are found, and how a process enters and leaves one."""
