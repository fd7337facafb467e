"""The orders from one press of a button, and their answers on the way into Krita."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._client import COPIES, UPSCALE, Action, group_name
from .choice import parts_of, selected_layers, visible_document, whole_document
from .colours import MASK
from .host import Target, find_document, find_node
from .order_queue import OrderSet
from .painting import Delivery
from .results import DOCUMENT, NEW_DOCUMENT, VISIBLE_DOCUMENT
from .sizes import sized
from .work import Offer, Order, OrderResult

_OF_MASKS = ("scale", "size", "quality")
"""Options that also apply to a mask; its kind is known."""


def order_set_for(action: Action, values: Mapping[str, Any]) -> OrderSet:
    """
    The orders for what is selected in Krita.

    Args:
        values: of the form.

    Raises:
        HostError: there is nothing to work on.
        BadOptionError: the size does not fit the picture.
    """
    targets, only = _targets(action, values["output"])
    many = len(targets) > 1
    values = {**values, "candidates": 1} if many or values["output"] in COPIES else values
    parts = tuple(Order(target, action, _values(action, values, target, many), {}, not many) for target in targets)
    document = find_document(targets[0].document)
    title = targets[0].name
    if many and document is not None:
        title = document.name() or "document"
    return OrderSet(parts, values["output"], title, values, only=only)


def _targets(action: Action, output: str) -> tuple[tuple[Target, ...], frozenset[str]]:
    if output == DOCUMENT:
        return whole_document(), frozenset()
    if output == VISIBLE_DOCUMENT:
        return visible_document()
    layers = selected_layers()
    if len(layers) == 1 or output != NEW_DOCUMENT:
        return layers, frozenset()
    only = frozenset(layer.node for layer in layers)
    document = find_document(layers[0].document)
    if action.name != UPSCALE.name or document is None:
        return layers, only
    nodes = [find_node(document, layer.node) for layer in layers]
    parts = tuple(part for node in nodes if node is not None for part in parts_of(document, node))
    return parts or layers, only


def _values(action: Action, values: Mapping[str, Any], target: Target, many: bool) -> dict[str, Any]:
    values = sized(action, values, target, together=many)
    if target.colours != MASK:
        return values
    return {**action.defaults(), **{name: values[name] for name in _OF_MASKS if name in values}, "domain": "data"}


def delivery_of(part: OrderResult, offers: Sequence[Offer]) -> Delivery:
    """These answers to one layer, for `results.deliver`."""
    result, target = part.finished.result, part.order.target
    scale: float = max(1, result.scale)
    if part.order.values.get("size"):
        scale = result.answers[0].width / target.width
    group = group_name(target.name, result, part.order.action.name != UPSCALE.name)
    paintings = tuple(offer.painting for offer in offers)
    return Delivery(paintings, part.shot.colours, target, scale, group if len(paintings) > 1 else paintings[0].name)
