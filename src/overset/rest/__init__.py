"""What every REST interface of ours has: services by type, documented problems, pages, ids."""
