"""Threads: the conversations of a workspace's members, each owned by one of them."""
