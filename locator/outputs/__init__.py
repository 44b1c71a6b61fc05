"""What the program hands out: the map, JSON shapes, files to take away, the page to print, the guide's page.

Nothing is imported here: whoever wants the words of a hit needs neither folium nor Arrow.
"""
