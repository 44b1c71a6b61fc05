"""Find where to collect, replace or activate a social security card in China.

The house and its floors are described in the README; ``locator.service`` is the way in from Python.
"""

__version__ = "0.1.0"
