"""A ResNet is found among other tensors, under any prefix; a file with other layers is refused."""

import pytest

from zoo.checkpoints.foreign.find_network import find_network
from zoo.checkpoints.torch_file import Stored
from zoo.errors import RequestError

BODY = {"conv1.weight": 4, "bn1.weight": 1, "layer1.0.conv1.weight": 4, "layer2.0.conv2.weight": 4}
RESNET = {**BODY, "fc.weight": 2, "fc.bias": 1}
COUNTED = {"0.weight": 4, "1.weight": 1, "4.0.conv1.weight": 4, "5.0.conv2.weight": 4}


def tensors(names):
    """Tensors of so many axes, all of 8."""

    def read():
        raise AssertionError

    return {name: Stored((8,) * axes, "num" not in name, read) for name, axes in names.items()}


def at(prefix, names):
    return {f"{prefix}{name}": axes for name, axes in names.items()}


@pytest.mark.parametrize(
    "prefix",
    [
        "", "module.", "model.", "net.", "encoder.", "backbone.", "_orig_mod.module.",
        "state_dict.model.net.", "model_state.learner.my_own_name.",
    ],
)  # fmt: skip
def test_under_any_prefix(prefix):
    network = find_network(tensors(at(prefix, RESNET)))
    assert network.tensors.keys() == RESNET.keys()
    assert network.place == prefix.rstrip(".")
    assert (network.left_out, network.copies, network.head) == ((), (), "")


@pytest.mark.parametrize(
    "beside",
    [
        {"loss_fn.weight": 1},
        {"criterion.ce.weight": 1, "n_averaged": 0},
        {"model.loss.weight": 1},
        {"train_acc.confmat": 2, "val_metrics.weight": 2},
        {"optimizer.state.0.exp_avg": 4, "optimizer_states.0.state.1.exp_avg_sq": 2},
        {"arcface_loss.weight": 2, "arcface_loss.bias": 1},
        {"normalize.mean": 4, "normalize.std": 4},
        {"class_weights": 1, "temperature": 0},
        {"model.bn1.num_batches_tracked_num": 0},
    ],
)
def test_what_a_training_keeps_beside_it_is_left_out_and_named(beside):
    network = find_network(tensors({**at("model.", RESNET), **beside}))
    left = {name for name in beside if not name.startswith("model.bn1")}
    assert set(network.left_out) == left


@pytest.mark.parametrize(
    ("beside", "named"),
    [
        ({"classifier.weight": 2, "classifier.bias": 1}, "classifier"),
        ({"attention.0.conv.weight": 4}, "attention"),
        ({"neck.norm.weight": 1, "neck.norm.bias": 1}, "neck"),
        ({"neck.weight": 1, "neck.running_mean": 1}, "neck"),
        ({"model.conv_in.weight": 4}, "conv_in"),
    ],
)
def test_layers_beside_it_are_not_lost_in_silence(beside, named):
    names = tensors({**at("model.", RESNET), **beside})
    with pytest.raises(RequestError, match=f"beside a ResNet .* other layers: .*{named}.*--ignore"):
        find_network(names)
    start = next(iter(beside)).rpartition(".")[0]
    assert set(find_network(names, ignore=[start]).left_out) == set(beside)


@pytest.mark.parametrize("head", ["head", "classifier", "model.fc_out", "1", "net.linear"])
def test_one_dense_layer_beside_a_body_is_its_head(head):
    names = {**at("backbone.", BODY), f"{head}.weight": 2, f"{head}.bias": 1}
    network = find_network(tensors(names))
    assert network.head == head
    assert {"fc.weight", "fc.bias"} <= network.tensors.keys()
    assert network.left_out == ()


def test_a_head_of_two_layers_or_of_other_features_is_none():
    two = {**at("net.", BODY), "head.0.weight": 2, "head.2.weight": 2}
    with pytest.raises(RequestError, match="other layers"):
        find_network(tensors(two))
    other = tensors({**at("net.", BODY), "head.weight": 2})
    other["head.weight"] = Stored((8, 9), True, other["head.weight"].read)
    with pytest.raises(RequestError, match="other layers"):
        find_network(other)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"fc.1.weight": 2, "fc.1.bias": 1}, {"fc.weight", "fc.bias"}),
        ({"fc.0.weight": 2, "fc.2.weight": 2}, {"fc.0.weight", "fc.2.weight"}),
        ({"fc.0.weight": 1, "fc.1.weight": 2}, {"fc.0.weight", "fc.weight"}),
    ],
)
def test_a_head_that_is_a_sequence(given, expected):
    network = find_network(tensors({**BODY, **given}))
    assert network.tensors.keys() - BODY.keys() == expected


@pytest.mark.parametrize("prefix", ["", "features.", "model.0."])
def test_parts_that_are_counted(prefix):
    network = find_network(tensors({**at(prefix, COUNTED), "classifier.weight": 2}))
    assert network.tensors.keys() == {*BODY, "fc.weight"}


@pytest.mark.parametrize("prefix", ["", "state_dict."])
def test_a_resnet_v2_has_torchvisions_names(prefix):
    body = {"stem.conv.weight": 4, "stages.0.blocks.0.conv1.weight": 4, "norm.weight": 1}
    names = {**at(prefix, {**body, "head.fc.weight": 4}), "loss.weight": 1}
    network = find_network(tensors(names))
    expected = {"conv1.weight", "layer1.0.conv1.weight", "bn_head.weight", "fc.weight"}
    assert network.tensors.keys() == expected
    assert (network.place, network.left_out) == (prefix.rstrip("."), ("loss.weight",))


@pytest.mark.parametrize(
    ("places", "chosen"),
    [
        (["state_dict.", "state_dict_ema."], "state_dict"),
        (["model_ema.module.", "model."], "model"),
        (["teacher.", "student."], "student"),
        (["", "ema_model.module."], ""),
        (["net.", "averaged.net.", "shadow.net."], "net"),
    ],
)
def test_a_copy_of_the_weights_is_not_taken_unasked(places, chosen):
    names = {name: axes for place in places for name, axes in at(place, RESNET).items()}
    network = find_network(tensors(names))
    assert network.place == chosen
    assert len(network.copies) == len(places) - 1
    assert network.left_out == ()
    for place in filter(None, places):
        key = place.split(".")[0]
        if sum(key in other.split(".") for other in places) == 1:
            assert find_network(tensors(names), weights_key=key).place == place.rstrip(".")


def test_several_networks_have_to_be_chosen_from():
    names = {**at("left.", RESNET), **at("right.", RESNET)}
    with pytest.raises(RequestError, match="several ResNets; choose with --weights_key: 'left', "):
        find_network(tensors(names))
    assert find_network(tensors(names), weights_key="right").place == "right"
    with pytest.raises(RequestError, match="no ResNet at --weights_key=middle; the file has 'left"):
        find_network(tensors(names), weights_key="middle")


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"conv1.weight": 4},
        {"conv1.weight": 2, "layer1.0.conv1.weight": 4},
        {"myconv1.weight": 4, "mylayer1.0.conv1.weight": 4},
        {"features.0.weight": 4, "features.3.weight": 4},
    ],
)
def test_other_networks(names):
    with pytest.raises(RequestError, match="holds no ResNet in torchvision's names"):
        find_network(tensors(names))
