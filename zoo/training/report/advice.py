"""What a run's figures say about the data, and what to do: a table of rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from zoo.training.report.facts import SURE, Facts, facts_of
from zoo.training.report.outcome import Outcome, named

_GAP = 0.10  # Of the figure, between training and validation.
_CLOSE = 0.05
_LEARNT = 0.90  # Of the figure in training.
_FEW_VALIDATED = 50
_WIDE = 0.15  # Of the interval.
_GOAL = 0.10  # Of the interval, once there are enough test examples.
_FEW = 20  # Training examples of a class.
_UNBALANCED = 3.0
_CONFUSED, _LEAST_CONFUSED = 0.20, 3
_UNRECOGNISED, _LEAST_TESTED = 0.5, 5
_CALIBRATION = 0.10
_PAIRS = 3
_FLAG, _CODE = re.compile(r"--\w+(=\w+)?"), r"<code>\g<0></code>"


@dataclass(frozen=True)
class Rule:
    """When an advice is given.

    Attributes:
        name: Of the rule.
        title: The advice, for a person who has not seen the product.
        when: The condition with its threshold, for a person.
        says: Returns what is wrong and what to do; None: the rule does not apply.
    """

    name: str
    title: str
    when: str
    says: Callable[[Facts], str | None]


def advice(outcome: Outcome) -> str:
    """Returns the advice on a run, and all rules that were checked."""
    facts = facts_of(outcome)
    given = [(rule, text) for rule in RULES if (text := rule.says(facts)) is not None]
    items = "".join(
        f"<li><b>{escape(rule.title)}.</b> {_FLAG.sub(_CODE, escape(text))}</li>"
        for rule, text in given
    )
    shown = f"<ul class='advice'>{items}</ul>" if given else "<p>Nothing stands out.</p>"
    names = {rule.name for rule, _ in given}
    checked = "".join(
        f"<li>{escape(rule.title)}: {escape(rule.when)}"
        f"{' – <b>so it is here</b>' if rule.name in names else ''}</li>"
        for rule in RULES
    )
    return (
        f"<h2>What to do</h2>{shown}<details><summary>What was checked</summary>"
        f"<ul>{checked}</ul></details>"
    )


def _guess(facts: Facts) -> str | None:
    if facts.interval is None or facts.usual is None or facts.interval[0] > facts.usual:
        return None
    return (
        f"Always giving the most frequent answer would be right for {facts.usual:.1%}, and what "
        f"was measured may be as low as {facts.interval[0]:.1%}. Check that the {facts.plural} "
        "have the right labels, and that a person could tell them apart; then train longer, or "
        "start from another checkpoint (zoo list)."
    )


def _overfitting(facts: Facts) -> str | None:
    training, validation = facts.training, facts.validation
    if training is None or validation is None or training - validation < _GAP:
        return None
    if facts.validation_interval is not None and training <= facts.validation_interval[1]:
        return None
    stronger = facts.plural in ("pictures", "sounds") and facts.augment != "strong"
    return (
        f"In training it reaches {facts.shown(training)}, on {facts.plural} it did not learn from "
        f"{facts.shown(validation)}. It remembers single {facts.plural}, not what is common to all "
        f"of a kind. More and more varied training {facts.plural} help most (there are "
        f"{facts.trained:,})"
        + ("; --augment=strong makes more of those there are." if stronger else ".")
    )


def _underfitting(facts: Facts) -> str | None:
    training, validation = facts.training, facts.validation
    if training is None or validation is None or training >= _LEARNT:
        return None
    if training - validation >= _CLOSE:
        return None
    larger = ", larger pictures (--image_size)" if facts.plural == "pictures" else ""
    return (
        f"Even in training it only reaches {facts.shown(training)}. What may help: more epochs "
        f"(now {facts.epochs}){larger}, or a larger model. If the {facts.plural} do not hold the "
        "answer, nothing will."
    )


def _unfinished(facts: Facts) -> str | None:
    if not facts.last or facts.training is None or facts.training >= _LEARNT:
        return None
    return (
        f"The last of {facts.epochs} epochs was the best one, and in training it only reaches "
        f"{facts.shown(facts.training)}. Train longer."
    )


def _small_validation(facts: Facts) -> str | None:
    if not 0 < facts.validated < _FEW_VALIDATED:
        return None
    return (
        f"Only {facts.validated} {facts.plural} watch the training. Each of them counts for "
        f"{1 / facts.validated:.1%}, so the curves jump, and what they choose is partly chance. "
        "With more data this becomes steady by itself: a tenth is taken for it."
    )


def _wide_interval(facts: Facts) -> str | None:
    if facts.interval is None or facts.interval[1] - facts.interval[0] <= _WIDE:
        return None
    low, high = facts.interval
    middle = (low + high) / 2
    needed = round(1.96**2 * middle * (1 - middle) / (_GOAL / 2) ** 2, -1)
    needed = max(needed, facts.tested + 1)
    return (
        f"Measured on {facts.tested:,}, it may be anywhere from {low:.1%} to {high:.1%}; do not "
        f"compare runs by it that differ by less. About {needed:,.0f} test examples would narrow "
        f"it to {_GOAL:.0%}."
    )


def _apart(facts: Facts) -> str | None:
    if facts.validation_interval is None or facts.interval is None:
        return None
    (low, high), (lower, higher) = facts.interval, facts.validation_interval
    if low <= higher and lower <= high:
        return None
    return (
        f"The test has {low:.1%} to {high:.1%}, validation {lower:.1%} to {higher:.1%}: more than "
        f"chance. Either their {facts.plural} differ (other cameras, places or days), or some are "
        "in training and validation too."
    )


def _few(facts: Facts) -> str | None:
    few = sorted((count, label) for label, count in facts.learnt.items() if count < _FEW)
    if not few:
        return None
    return (
        f"It learnt from {_counted(few)} {facts.plural}. Collect more of these classes, as "
        "different from each other as what will come."
    )


def _unbalanced(facts: Facts) -> str | None:
    counts = sorted((count, label) for label, count in facts.learnt.items() if count)
    if facts.balanced or len(counts) < 2 or counts[-1][0] < _UNBALANCED * counts[0][0]:
        return None
    (least, rare), (most, frequent) = counts[0], counts[-1]
    return (
        f"‘{frequent}’ has {most:,} training {facts.plural}, ‘{rare}’ {least:,}. In doubt it says "
        f"the frequent class. Collect more of ‘{rare}’, or give --class_weights=balanced."
    )


def _mixed_up(facts: Facts) -> str | None:
    pairs = [
        pair
        for pair in facts.confused
        if pair.count >= max(_LEAST_CONFUSED, _CONFUSED * pair.examples)
    ]
    if not pairs:
        return None
    text = "; ".join(
        f"‘{pair.true}’ is taken for ‘{pair.said}’ in {pair.count} of {pair.examples}"
        for pair in pairs[:_PAIRS]
    )
    return (
        f"{text}. Are they labelled by different rules, or do they look the same? Then correct the "
        "labels or join the classes. If not, collect more of both."
    )


def _unrecognised(facts: Facts) -> str | None:
    rare = sorted(
        (recall, label, count)
        for label, (recall, count) in facts.recalls.items()
        if recall < _UNRECOGNISED and count >= _LEAST_TESTED
    )
    if not rare:
        return None
    text = named([f"‘{label}’ ({recall:.0%} of {count})" for recall, label, count in rare])
    return (
        f"Less than half of these are recognised: {text}. Look at their {facts.plural} first, and "
        "collect more of them."
    )


def _sure_mistakes(facts: Facts) -> str | None:
    if not facts.sure_mistakes:
        return None
    count = facts.sure_mistakes
    many = f"{count} wrong answers have scores" if count > 1 else "One wrong answer has a score"
    return (
        f"{many} of {SURE:.0%} or more. Often the label is wrong there and not the answer; see the "
        "surest mistakes below, and correct what is wrong, in the training data too. The command "
        "zoo clean, at the end of this page, lists such labels and copies of all the data."
    )


def _unread(facts: Facts) -> str | None:
    if not facts.unread:
        return None
    return (
        f"Nothing was learnt from {named(facts.unread)}; the command said why. "
        "Whoever has them whole elsewhere puts them in again, and nothing else has to be done."
    )


def _untested(facts: Facts) -> str | None:
    lacking = [f"‘{label}’" for label in facts.learnt if label not in facts.recalls]
    if not lacking or not facts.recalls:
        return None
    return (
        f"Nothing was measured of {named(lacking)}, so nobody knows how well it is recognised. Put "
        f"some of its {facts.plural} into the test data."
    )


def _unreliable(facts: Facts) -> str | None:
    if facts.calibration is None or facts.calibration < _CALIBRATION:
        return None
    return (
        f"Scores and the share that is right differ by {facts.calibration:.1%}, chance deducted. "
        "Choose a threshold by the chart of answers below, not by the score's face value."
    )


def _counted(few: list[tuple[int, str]]) -> str:
    return named([f"{count} ‘{label}’" for count, label in few])


# The worst first.
RULES = (
    Rule(
        "guess",
        "It is hardly better than a guess",
        "the lower end of the interval is not above the share of the most frequent class",
        _guess,
    ),
    Rule(
        "overfitting",
        "It learns its training data by heart",
        f"training is {_GAP:.0%} or more above validation, and above the 95% interval of that",
        _overfitting,
    ),
    Rule(
        "underfitting",
        "It does not even learn its training data",
        f"training is under {_LEARNT:.0%}, and less than {_CLOSE:.0%} above validation",
        _underfitting,
    ),
    Rule(
        "unfinished",
        "It was still getting better",
        f"the last epoch was taken, and training is under {_LEARNT:.0%}",
        _unfinished,
    ),
    Rule(
        "apart",
        "Test and validation are not alike",
        "their 95% intervals do not meet",
        _apart,
    ),
    Rule(
        "sure_mistakes",
        "Check these labels",
        f"a wrong answer has a score of {SURE:.0%} or more",
        _sure_mistakes,
    ),
    Rule(
        "unread",
        "Some files could not be read",
        "a file is broken",
        _unread,
    ),
    Rule(
        "few",
        "Some classes have very few examples",
        f"a class has under {_FEW} in training",
        _few,
    ),
    Rule(
        "unbalanced",
        "Some classes are much rarer than others",
        f"the most frequent class has {_UNBALANCED:g} times as many in training as the rarest, "
        "and --class_weights=balanced was not given",
        _unbalanced,
    ),
    Rule(
        "confused",
        "Classes are mixed up",
        f"{_CONFUSED:.0%} or more of a class, and {_LEAST_CONFUSED} or more, are taken for another",
        _mixed_up,
    ),
    Rule(
        "unrecognised",
        "Some classes are hardly recognised",
        f"under {_UNRECOGNISED:.0%} of a class with {_LEAST_TESTED} or more test examples",
        _unrecognised,
    ),
    Rule(
        "small_validation",
        "Validation is very small",
        f"validation has under {_FEW_VALIDATED}",
        _small_validation,
    ),
    Rule(
        "wide_interval",
        "The figure is uncertain",
        f"its 95% interval is wider than {_WIDE:.0%}",
        _wide_interval,
    ),
    Rule(
        "untested",
        "Some classes were not measured",
        "a class has no test examples",
        _untested,
    ),
    Rule(
        "unreliable",
        "Its scores are not what they seem",
        f"the expected calibration error is {_CALIBRATION:.0%} or more above that by chance",
        _unreliable,
    ),
)
