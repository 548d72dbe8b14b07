"""Serves the whole platform in a process of its own, like `overset up`, perhaps without a hook."""

import argparse

from overset.cli.platform import create_platform
from overset.cli.serve import listen, serve
from overset.kernel.secrets import load_keys
from overset.kernel.settings import load
from overset.manager.services import open_manager
from overset.observe.log import configure_logging
from overset.tenancy.binding.hooks import ALL, Hook


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--without", nargs="*", type=Hook, default=[])
    options = parser.parse_args()
    settings = load()
    configure_logging(settings)
    keys = load_keys(settings)
    with open_manager(settings, keys=keys) as manager, listen(settings) as listener:
        app = create_platform(
            settings, keys=keys, manager=manager, hooks=ALL - frozenset(options.without)
        )
        serve(app, listener=listener, ready=lambda: None)


if __name__ == "__main__":
    main()
