"""Sign-in at another OpenID provider: it proves who somebody is, and Overset decides the rest."""
