import zoo
from zoo.checkpoints.catalogue import checkpoint_card


def test_what_ships_is_listed():
    assert "resnet8.digits" in zoo.list_checkpoints()
    assert zoo.list_checkpoints("RESNET8.*") == ["resnet8.digits"]
    assert zoo.list_checkpoints("nothing*") == []


def test_shipped_cards_are_whole():
    for name in zoo.list_checkpoints():
        card = checkpoint_card(name)
        assert name.startswith(f"{card.model}.")
        assert card.licence != "unknown"
        assert card.metrics
        assert card.parameters
        assert card.macs
