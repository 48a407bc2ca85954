"""The life of a consent. Each change is one service function and one log entry."""
