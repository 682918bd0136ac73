"""The page of a checkpoint on the Hugging Face Hub: its README.md, and the facts in its head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from zoo.checkpoints.card import Card, Metric
from zoo.checkpoints.pushed import HUB
from zoo.forms import Form, Picture, Sound, Table
from zoo.tasks import find_task

# What the Hub calls our figures.
_METRICS = {"top1": "accuracy", "r2": "r_squared", "mae": "mae"}
_LIBRARY = "keras"
_FILES = {Picture: "cat.jpg", Sound: "seven.wav"}
# Those of which it knows the name; they are SPDX names in small letters.
_LICENCES = frozenset(
    {
        *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "mpl-2.0", "unlicense", "isc"),
        *("cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "pddl"),
        *("gpl-2.0", "gpl-3.0", "lgpl-3.0", "agpl-3.0", "openrail", "odbl"),
    }
)
_SHOWN = 50  # Labels; ImageNet's thousand would hide the rest.


def pipeline(card: Card) -> str | None:
    """Returns the Hub's name of what a model does, as its widgets know it; None: it has none."""
    values = find_task(card.task).learns == "values"
    kinds: dict[type[Form], str] = {Picture: "image", Sound: "audio", Table: "tabular"}
    kind = kinds.get(type(card.input))
    if kind is None or (values and kind != "tabular"):
        return None
    return f"{kind}-{'regression' if values else 'classification'}"


def readme(
    card: Card, repository: str, *, report: Mapping[str, Any] | None, examples: Sequence[str] = ()
) -> str:
    """Returns the text of README.md.

    Args:
        card: Of the checkpoint.
        repository: "OWNER/NAME".
        report: The content of an export's `report.json`; None: no files are exported.
        examples: Paths in the repository of inputs for the widget.
    """
    parts = [
        f"---\n{_metadata(card, repository, examples, report is not None)}\n---",
        f"# {repository.partition('/')[2]}",
        _what(card),
        _figures(card),
        _use(card, repository),
        _files(report),
        _origin(card),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _metadata(card: Card, repository: str, examples: Sequence[str], exported: bool) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    measured = [
        EvalResult(
            task_type=pipeline(card) or "other",
            dataset_type=PurePath(metric.dataset).name or "unknown",
            dataset_name=PurePath(metric.dataset).name or "unknown",
            dataset_split=metric.split,
            metric_type=_METRICS.get(metric.name, metric.name),
            metric_name=metric.name,
            metric_value=metric.value,
        )
        for metric in card.metrics
    ]
    origin = card.training.checkpoint if card.training else ""
    base = origin.removeprefix(HUB) if origin.startswith(HUB) else None
    address = f"https://huggingface.co/{repository}/resolve/main"
    widget = [
        {"src": f"{address}/{quote(path)}", "example_title": PurePath(path).stem}
        for path in examples
    ]
    facts: dict[str, Any] = {
        **_licence(card.licence),
        "library_name": _LIBRARY,
        "pipeline_tag": pipeline(card),
        "tags": ["zoo-residual", card.model, *(["tflite"] if exported else [])],
        "base_model": base,
        "model_name": repository.partition("/")[2],
        "eval_results": measured or None,
        **({"widget": widget} if widget else {}),
    }
    return ModelCardData(**facts).to_yaml()


def _licence(name: str) -> dict[str, Any]:
    """Returns a licence as the Hub knows it; one that it does not know has a name of its own."""
    if name in ("", "unknown"):
        return {}
    known = name.lower()
    return {"license": known} if known in _LICENCES else {"license": "other", "license_name": known}


def _what(card: Card) -> str:
    verb = find_task(card.task).verb
    labels = ", ".join(card.labels[:_SHOWN])
    more = f", and {len(card.labels) - _SHOWN} more" if len(card.labels) > _SHOWN else ""
    return f"A `{card.model}` for a {card.input.kind}. {verb} {labels}{more}."


def _figures(card: Card) -> str:
    if not card.metrics:
        return ""
    rows = [
        f"| {card.text(metric)} | {metric.examples:,} | {_where(metric)} |"
        for metric in card.metrics
    ]
    return "\n".join(["| figure | examples | of |", "|---|---|---|", *rows])


def _where(metric: Metric) -> str:
    by = f", says {metric.source}" if metric.source else ""
    return f"{metric.split} of {PurePath(metric.dataset).name}{by}"


def _use(card: Card, repository: str) -> str:
    file = _FILES.get(type(card.input), "new.csv")
    name = f"{HUB}{repository}"
    return f"""## Use

```
zoo predict --checkpoint={name} {file}
zoo finetune --checkpoint={name} --data=FOLDER --output=runs/mine
```

```python
import zoo

model = zoo.load("{name}").model  # A keras.Model; .labels and .card beside it.
```"""


def _files(report: Mapping[str, Any] | None) -> str:
    if report is None:
        return ""
    rows = []
    for name, artifact in report["artifacts"].items():
        if not artifact.get("file"):
            continue
        top1 = (artifact.get("accuracy") or {}).get("top1")
        rows.append(
            f"| [`{artifact['file']}`](exports/{artifact['file']}) | {name} | "
            f"{artifact['precision']} | {artifact['bytes'] / 1e6:.2f} MB | "
            f"{'' if top1 is None else f'{top1:.2%}'} |"
        )
    head = "| file | for | arithmetic | size | accuracy |\n|---|---|---|---|---|\n"
    return (
        "## Exported files\n\nEach was run and compared with the model before it was written; "
        "[report.html](exports/report.html) shows how, and "
        "[INTEGRATION.md](exports/INTEGRATION.md) how to call them.\n\n" + head + "\n".join(rows)
    )


def _origin(card: Card) -> str:
    facts = []
    if card.training is not None:
        if card.training.data is not None:
            facts.append(f"- Learnt: {PurePath(card.training.data.name).name}")
        if card.training.checkpoint:
            facts.append(f"- Started from: {card.training.checkpoint}")
    facts.append(f"- Licence: {card.licence}")
    if card.source:
        facts.append(f"- Source: {card.source}")
    if card.notes:
        facts.append(f"- {card.notes}")
    return "## Origin\n\n" + "\n".join(facts)
