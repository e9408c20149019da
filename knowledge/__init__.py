"""Documents to passages to Qdrant, and the retriever."""
