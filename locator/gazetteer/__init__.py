"""The embedded place index: build it, open it, ask it."""
