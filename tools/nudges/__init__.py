"""What to do next for a lead, and when: lawful actions, a learning policy, and waiting as an action."""
