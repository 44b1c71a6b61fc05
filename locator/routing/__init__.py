"""The way to a point: routes, travel times, the straight line, and links into navigation apps.

Nothing is imported here: a link needs no engine.
"""
