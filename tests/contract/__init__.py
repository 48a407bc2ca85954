"""The served API as strangers meet it: held against its contract and against its own OpenAPI
document.
"""
