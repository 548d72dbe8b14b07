"""Make, copy and remove a workspace's metadata database."""
