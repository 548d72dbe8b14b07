"""What people meet in a browser: sign-in, invitations, their account."""
