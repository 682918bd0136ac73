import keras
import numpy as np

from tests.training.report.test_page import written
from zoo.checkpoints.card import Card, Metric
from zoo.data.dataset import Split
from zoo.forms import Column, Table
from zoo.training.report.importance import MOST, permutation_importance

NAMES = ("noise", "<age>", "other")
FORM = Table.of("kind", True, tuple(Column(name, "number", edges=(0.0, 1.0)) for name in NAMES))
LABELS = ("no", "yes")


def test_what_a_model_reads_matters(tmp_path):
    x = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
    split = Split(x, (x[:, 1] > 0).astype(np.int64))
    row = keras.Input((3,))
    dense = keras.layers.Dense(2)
    model = keras.Model(row, dense(row))
    dense.set_weights([np.array([[0, 0], [-1, 1], [0, 0]], np.float32), np.zeros(2, np.float32)])
    (first, lost), *others = permutation_importance(model, split, FORM, LABELS)
    assert first == "<age>"
    assert 0.4 < lost < 0.6
    assert dict(others) == {"noise": 0.0, "other": 0.0}

    card = Card("residual_mlp", LABELS, FORM, metrics=(Metric("top1", 1.0, "d", "test", 300),))
    probabilities = np.full((300, 2), 0.5)
    page = written(tmp_path, card, probabilities, split, importance=[(first, lost), *others])
    assert f"<tr><td>&lt;age&gt;</td><td>{100 * lost:.2f}</td></tr>" in page
    assert "shuffled" not in written(tmp_path, card, probabilities, split)


def test_of_very_many_columns_none_is_shuffled():
    columns = [Column(f"c{n}", "number", edges=(0.0, 1.0)) for n in range(MOST + 1)]
    split = Split(np.zeros((4, len(columns)), np.float32), np.arange(4) % 2)

    def measured(count):
        form = Table.of("kind", True, tuple(columns[:count]))
        row = keras.Input((count,))
        model = keras.Model(row, keras.layers.Dense(2)(row))
        some = Split(split.x[:, :count], split.y)
        return len(permutation_importance(model, some, form, LABELS))

    assert (measured(MOST), measured(MOST + 1)) == (MOST, 0)
