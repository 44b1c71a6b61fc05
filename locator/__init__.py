"""Find where to collect, replace or activate a social security card in China.

Which room may import which is written in ``tests/test_imports.py``; ``locator.service`` is the way in from Python.
"""

__version__ = "0.1.0"
