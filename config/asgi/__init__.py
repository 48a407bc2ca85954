"""The ASGI edge: body limits, streamed answers, slow and broken connections."""
