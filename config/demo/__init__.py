"""The main job, told as a story: a real server, a real reading, and an HTTP client that does what a
customer would.
"""
