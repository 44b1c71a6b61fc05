"""``locator serve`` and ``locator completion``."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

from locator.errors import InvalidInput, NotFound
from locator.settings import Settings

PORT = 8501
SHELLS = ("bash", "zsh", "fish")


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Add ``locator serve``."""
    parser.description = "Serve the page, its API and the page without JavaScript from one process and port."
    parser.epilog = "example: locator serve --port 8501"
    parser.add_argument("--host", default="127.0.0.1", help="who may come: 0.0.0.0 is everybody (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=PORT, help=f"default: {PORT}")
    parser.add_argument("--base-path", metavar="PATH", help="serve below this path, as /cards, behind a proxy")


def run_serve(args: argparse.Namespace, settings: Settings) -> int:  # noqa: ARG001 - the page reads its own
    """Run ``locator serve``: Streamlit takes this process over, with the configuration that comes with the page."""
    script = find_page()
    _check_port(args.host, args.port)
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.address", args.host]
    command += ["--server.port", str(args.port), "--server.headless", "true"]
    if args.base_path:
        command += ["--server.baseUrlPath", args.base_path.strip("/")]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":  # there an exec gives the terminal back while the server runs
        os.execv(sys.executable, command)  # noqa: S606
    return subprocess.call(command)  # noqa: S603


def find_page() -> Path:
    """Return the page's script: that of the installed package, or of the checkout.

    Raises
    ------
    NotFound
        Neither is there.
    """
    package = Path(__file__).parents[1]
    for script in (package / "page" / "app.py", package.parent / "app.py"):
        if script.is_file():
            return script
    raise NotFound("the page's script app.py is not installed", code="page_missing")


def _check_port(host: str, port: int) -> None:
    if not 0 < port < 65536:
        raise InvalidInput(f"port {port}; expected 1 to 65535", code="port_number", port=port)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise InvalidInput(f"cannot listen on {host}:{port}", code="port_taken", host=host[:80], port=port) from error


def add_completion(parser: argparse.ArgumentParser) -> None:
    """Add ``locator completion``."""
    parser.description = (
        "Write the completion of this command for a shell. bash: put it into "
        "~/.local/share/bash-completion/completions/locator; zsh: as _locator into a folder of $fpath; fish: into "
        "~/.config/fish/completions/locator.fish."
    )
    parser.epilog = "example: locator completion bash"
    parser.add_argument("shell", choices=SHELLS)


def run_completion(args: argparse.Namespace, settings: Settings) -> None:  # noqa: ARG001 - nothing of them is asked
    """Run ``locator completion``."""
    import shtab

    from locator.cli import COMMANDS, build_parser

    parser = build_parser(*COMMANDS)
    for subparser in _subparsers(parser):
        for action in subparser._actions:
            if action.type is Path:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(parser, shell=args.shell))


def _subparsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    found = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return [subparser for action in found for subparser in action.choices.values()]
