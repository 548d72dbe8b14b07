"""Who: principals, tokens, keys, scopes and the decision whether one may enter a workspace."""
