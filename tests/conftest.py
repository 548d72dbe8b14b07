"""What every test can ask for, and the options of the whole run."""

pytest_plugins = ["support.postgres", "support.provisioning", "support.redis"]
