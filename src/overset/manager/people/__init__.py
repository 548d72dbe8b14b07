"""People: passwords, sign-ins of browsers, invitations, and who must wait before the next try."""
