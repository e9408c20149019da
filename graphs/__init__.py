"""LangGraph wiring: one chat turn, one step of a journey."""
