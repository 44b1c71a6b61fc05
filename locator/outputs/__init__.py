"""What the program hands out: the map, JSON shapes, files to take away, the page to print, the guide's page.

Nothing is imported here: the words of a hit need neither folium nor Arrow.
"""
