"""The embedded place index: build it, open it, ask it.

Nothing is imported here: who asks the index needs nothing of what builds it.
"""
