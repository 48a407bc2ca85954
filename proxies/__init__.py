"""The providers' own APIs, gated: their SDKs call us as they are."""
