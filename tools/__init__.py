"""What Leadline decides: pure cores, and one tool per capability."""
