import pytest

from zoo.training.report.advice import RULES
from zoo.training.report.facts import Confused, Facts

SPREAD = {"cat": 100, "dog": 90}


def advised(**facts):
    return {rule.name: text for rule in RULES if (text := rule.says(Facts(**facts))) is not None}


# Of each rule: facts to which it applies, what it says, and nearly equal ones to which not.
CASES = {
    "guess": [
        ({"interval": (0.48, 0.6), "usual": 0.5}, "as low as 48.0%", True),
        ({"interval": (0.51, 0.6), "usual": 0.5}, "", False),
        ({"interval": None, "usual": 0.5}, "", False),
    ],
    "overfitting": [
        ({"training": 0.99, "validation": 0.7, "validation_interval": (0.6, 0.8)},
         "99.0%, on pictures it did not learn from 70.0%", True),
        ({"training": 0.99, "validation": 0.7}, "--augment=strong", True),
        ({"training": 0.79, "validation": 0.7}, "", False),
        # A gap that chance explains.
        ({"training": 0.99, "validation": 0.8, "validation_interval": (0.5, 0.995)}, "", False),
        ({"training": 0.99, "validation": None}, "", False),
    ],
    "underfitting": [
        ({"training": 0.5, "validation": 0.52, "epochs": 7}, "(now 7), larger pictures", True),
        ({"training": 0.95, "validation": 0.95}, "", False),
        ({"training": 0.8, "validation": 0.6}, "", False),
    ],
    "unfinished": [
        ({"training": 0.8, "last": True, "epochs": 5}, "only reaches 80.0%", True),
        ({"training": 0.8, "watched": "r2", "last": True}, "only reaches r2 0.800", True),
        ({"training": 0.8, "last": False}, "", False),
        ({"training": 0.97, "last": True}, "", False),
    ],
    "apart": [
        ({"interval": (0.5, 0.6), "validation_interval": (0.7, 0.9)}, "more than chance", True),
        ({"interval": (0.7, 0.9), "validation_interval": (0.5, 0.6)}, "more than chance", True),
        ({"interval": (0.5, 0.71), "validation_interval": (0.7, 0.9)}, "", False),
        ({"interval": (0.5, 0.6), "validation_interval": None}, "", False),
    ],
    "sure_mistakes": [
        ({"sure_mistakes": 3}, "3 wrong answers have scores of 90%", True),
        ({"sure_mistakes": 1}, "One wrong answer has", True),
        ({"sure_mistakes": 0}, "", False),
    ],
    "unread": [
        ({"unread": ("cat/a.jpg", "cat/b.jpg")}, "from cat/a.jpg, cat/b.jpg; the", True),
        ({"unread": ()}, "", False),
    ],
    "few": [
        ({"learnt": {"cat": 19, "dog": 20}}, "19 ‘cat’ pictures", True),
        ({"learnt": dict.fromkeys("abcdefg", 3)}, "and 2 more", True),
        ({"learnt": {"cat": 20, "dog": 20}}, "", False),
        ({"learnt": {}}, "", False),
    ],
    "unbalanced": [
        ({"learnt": {"cat": 300, "dog": 100}}, "‘cat’ has 300 training pictures, ‘dog’ 100", True),
        ({"learnt": {"cat": 300, "dog": 101}}, "", False),
        ({"learnt": {"cat": 300, "dog": 30}, "balanced": True}, "", False),
    ],
    "confused": [
        ({"confused": [Confused("cat", "dog", 5, 25), Confused("dog", "cat", 2, 4)]},
         "‘cat’ is taken for ‘dog’ in 5 of 25. Are", True),
        ({"confused": [Confused("cat", "dog", 4, 25)]}, "", False),
        ({"confused": [Confused("cat", "dog", 2, 2)]}, "", False),
    ],
    "unrecognised": [
        ({"recalls": {"cat": (0.49, 100), "dog": (0.9, 9)}}, "‘cat’ (49% of 100)", True),
        ({"recalls": {"cat": (0.5, 100)}}, "", False),
        ({"recalls": {"cat": (0.0, 4)}}, "", False),
    ],
    "small_validation": [
        ({"validated": 49}, "Each of them counts for 2.0%", True),
        ({"validated": 50}, "", False),
        ({"validated": 0}, "", False),
    ],
    "wide_interval": [
        ({"interval": (0.4, 0.6), "tested": 96}, "About 380 test examples", True),
        ({"interval": (0.8, 1.0), "tested": 15}, "from 80.0% to 100.0%", True),
        ({"interval": (0.45, 0.6), "tested": 170}, "", False),
        ({"interval": None}, "", False),
    ],
    "untested": [
        ({"learnt": SPREAD, "recalls": {"cat": (1.0, 9)}}, "Nothing was measured of ‘dog’", True),
        ({"learnt": SPREAD, "recalls": {"cat": (1.0, 9), "dog": (1.0, 9)}}, "", False),
    ],
    "unreliable": [
        ({"calibration": 0.1}, "differ by 10.0%", True),
        ({"calibration": 0.09}, "", False),
        ({"calibration": None}, "", False),
    ],
}  # fmt: skip


def test_each_rule_has_cases():
    assert list(CASES) == [rule.name for rule in RULES]


@pytest.mark.parametrize(
    ("name", "facts", "says", "applies"),
    [(name, *case) for name, cases in CASES.items() for case in cases],
)
def test_a_rule_applies_on_one_side_of_its_threshold(name, facts, says, applies):
    given = advised(**facts)
    assert (name in given) == applies
    assert says in given.get(name, "")


def test_a_run_without_faults_gets_no_advice():
    assert not advised(
        plural="pictures", trained=2000, validated=250, tested=500, interval=(0.93, 0.97),
        usual=0.1, training=0.99, validation=0.95, validation_interval=(0.92, 0.97), epochs=9,
        learnt={"cat": 1000, "dog": 1000}, recalls={"cat": (0.95, 250), "dog": (0.95, 250)},
        confused=[Confused("cat", "dog", 12, 250)], calibration=0.02,
    )  # fmt: skip


def test_advice_is_of_the_data_at_hand():
    text = advised(plural="rows", training=0.99, validation=0.5, trained=80)["overfitting"]
    assert "rows" in text
    assert "--augment" not in text
    strong = advised(training=0.99, validation=0.5, augment="strong")["overfitting"]
    assert "--augment" not in strong
