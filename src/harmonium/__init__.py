"""harmonium: OpenAI's Harmony format for gpt-oss, exact, whole and offline."""
