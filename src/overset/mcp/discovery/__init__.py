"""What a host tells everybody: where one signs in, and what for."""
