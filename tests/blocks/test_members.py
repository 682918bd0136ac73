import numpy as np

from zoo.blocks.members import MembersDense

X = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)


def test_each_member_reads_the_features_in_its_own_way():
    layer = MembersDense(3, 4)
    out = np.asarray(layer(X))
    assert out.shape == (6, 3, 4) == layer.compute_output_shape((6, 5))
    kernel, reading, scale, bias = (np.asarray(weight) for weight in layer.weights)
    assert set(np.unique(reading)) == {-1, 1}
    assert np.array_equal(scale, np.ones((3, 4)))
    layer.scale.assign(scale * [[1], [2], [-3]])
    expected = [
        (X * reading[member]) @ kernel * factor + bias.reshape(3, 4)[member]
        for member, factor in enumerate([1, 2, -3])
    ]
    np.testing.assert_allclose(np.asarray(layer(X)), np.stack(expected, 1), atol=1e-5)
    assert layer.kernel.shape == (5, 12)
    copy = MembersDense.from_config(layer.get_config())
    assert (copy.members, copy.width) == (3, 4)
