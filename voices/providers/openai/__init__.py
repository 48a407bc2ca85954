"""OpenAI: voices with a spoken consent of their own."""
