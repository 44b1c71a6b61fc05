"""The guide: what to bring, where to go, whether to go at all, and by which rule, each line with its source.

``load_guide(folder)`` reads ``data/guide/`` (``docs/GUIDE.md``); ``check_guide(folder)`` says what is
wrong in it. A city's file stands over its province's, and that over the nation's.
"""
