"""What tests of every kind share: real servers, processes, clients."""
