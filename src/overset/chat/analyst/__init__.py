"""The offline analyst: a chat model that is rules and no network; read `scripts.py` first."""
