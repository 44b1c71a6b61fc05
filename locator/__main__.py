"""``python -m locator`` is the same as the ``locator`` command."""

from locator.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
