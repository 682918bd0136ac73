"""What is learnt. A task defines its targets, loss, figures and score; all are in one registry.

    @tasks.register("ordinal")   # A task of your own: an instance of `Task`, registered by name.

`zoo.tasks.classification` and `zoo.tasks.regression` are the built-in ones.
"""

from __future__ import annotations

from zoo.tasks.task import TASKS, Scale, Score, Task, find_task

__all__ = ["TASKS", "Scale", "Score", "Task", "find_task"]
