"""What is learnt, in one registry: a frozen task owns its targets, loss, figures and score.

    @tasks.register("ordinal")   # A task of your own: an instance of `Task`, registered by name.

`zoo.tasks.classification` and `zoo.tasks.regression` are the built-in ones.
"""

from __future__ import annotations

from zoo.tasks.task import TASKS, Scale, Score, Task, find_task

__all__ = ["TASKS", "Scale", "Score", "Task", "find_task"]
