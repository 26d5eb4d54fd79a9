"""Messages to segments to tokens: profiles, prompt text, schemas, history, masks."""
