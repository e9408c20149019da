"""The AI specialists: prompts, node classes, chat model adapter, offline writer."""
