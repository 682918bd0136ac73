"""The residual block of the residual LSTM."""

from __future__ import annotations

from keras import layers

from zoo.blocks import register
from zoo.blocks.norm import Norm, normalise
from zoo.errors import RequestError
from zoo.residual import Activation, Order, Scale, Shortcut, Tensor, residual


@register("lstm")
def lstm(
    x: Tensor,
    width: int,
    *,
    order: Order = "post_activation",
    activation: Activation = "linear",
    shortcut: Shortcut = "auto",
    scale: Scale = "none",
    zero_init: bool = False,
    norm: Norm = "layer",
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    bidirectional: bool = False,
    mask: Tensor | None = None,
    name: str = "lstm",
) -> Tensor:
    """One LSTM layer with a skip around it, summed in every time step.

    Args:
        x: Input, (batch, steps, features).
        width: Features of the LSTM's output, in each direction.
        order: Where the activation stands, see `zoo.residual`; no effect with "linear".
        activation: Activation of the sum. An LSTM is non-linear itself, so the sum usually needs
            none (Wu et al. 2016, section 3.1).
        shortcut: What is added, see `zoo.residual`.
        scale: What multiplies the branch, see `zoo.residual`.
        zero_init: Starts the norm's gamma at zero, so that the unit starts as its shortcut.
        norm: After the LSTM, see `zoo.blocks.norm`.
        dropout: Share of the branch's features dropped, in training.
        recurrent_dropout: Share of the LSTM's state dropped on its way to the next step (Gal and
            Ghahramani 2016), in training.
        bidirectional: Whether a second LSTM reads the sequence from its end.
        mask: (batch, steps) bool, true for the steps that are not padding, which is at the end.
            None: all.
        name: Prefix of the layers' names.

    Returns:
        (batch, steps, width), twice as wide where it is bidirectional.

    Raises:
        RequestError: `zero_init` without a norm; see also `zoo.blocks.norm` and `zoo.residual`.
    """
    if zero_init and norm == "none":
        raise RequestError("zero_init needs a norm, whose gamma it starts at zero; norm is 'none'")
    features = 2 * width if bidirectional else width

    def branch(y: Tensor) -> Tensor:
        layer = layers.LSTM(
            width,
            return_sequences=True,
            recurrent_dropout=recurrent_dropout,
            name=f"{name}_lstm",
        )
        if bidirectional:
            layer = layers.Bidirectional(layer, name=f"{name}_bidirectional")
        # Padding is at the end. An LSTM that reads forwards has seen all real steps by then. One
        # that reads backwards meets the padding first, and has to skip it.
        y = layer(y, mask=mask if bidirectional else None)
        y = normalise(y, norm, name=name, zero_init=zero_init, mask=mask)
        return layers.Dropout(dropout, name=f"{name}_dropout")(y) if dropout else y

    def project(y: Tensor) -> Tensor:
        return layers.Dense(features, use_bias=False, name=f"{name}_shortcut_dense")(y)

    return residual(
        x,
        branch,
        project,
        order=order,
        activation=activation,
        shortcut=shortcut,
        scale=scale,
        name=name,
    )
