"""How a network is trained: optimizer, schedule, changes of the examples, teachers."""
