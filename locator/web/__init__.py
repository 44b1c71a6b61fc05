"""The page: views, their state, the parts they are made of, and the files the browser loads."""
