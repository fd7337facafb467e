"""Tiny networks of third-party architectures, with random weights, built by spandrel's own classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def _esrgan(**more: Any) -> Any:
    from spandrel.architectures.ESRGAN import ESRGAN

    return ESRGAN(**{"in_nc": 3, "out_nc": 3, "num_filters": 8, "num_blocks": 2, "scale": 4, **more})


def _compact() -> Any:
    from spandrel.architectures.Compact import Compact

    return Compact(num_feat=8, num_conv=3, upscale=2)


def _swift() -> Any:
    from spandrel.architectures.SwiftSRGAN import SwiftSRGAN

    return SwiftSRGAN(num_channels=8, num_blocks=2, upscale_factor=2)


def _span() -> Any:
    from spandrel.architectures.SPAN import SPAN

    return SPAN(num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=2)


def _safmn() -> Any:
    from spandrel.architectures.SAFMN import SAFMN

    return SAFMN(dim=16, n_blocks=2, upscaling_factor=2)


def _swinir() -> Any:
    from spandrel.architectures.SwinIR import SwinIR

    return SwinIR(
        img_size=16, embed_dim=12, depths=[2, 2], num_heads=[2, 2], window_size=8, mlp_ratio=2, upscale=2,
        upsampler="pixelshuffle",
    )  # fmt: skip


def _swin2sr() -> Any:
    from spandrel.architectures.Swin2SR import Swin2SR

    return Swin2SR(
        img_size=16, embed_dim=12, depths=[2, 2], num_heads=[2, 2], window_size=8, mlp_ratio=2, upscale=2,
        upsampler="pixelshuffle",
    )  # fmt: skip


def _hat() -> Any:
    from spandrel.architectures.HAT import HAT

    return HAT(
        img_size=16, window_size=8, embed_dim=32, depths=[1, 1], num_heads=[2, 2], mlp_ratio=2, upscale=2,
        upsampler="pixelshuffle",
    )  # fmt: skip


def _dat() -> Any:
    from spandrel.architectures.DAT import DAT

    return DAT(
        img_size=64, embed_dim=16, depth=[2, 2], num_heads=[2, 2], split_size=[8, 16], expansion_factor=2, upscale=2
    )


def _omnisr() -> Any:
    from spandrel.architectures.OmniSR import OmniSR

    return OmniSR(num_feat=16, res_num=1, up_scale=2, window_size=8)


def _rgt() -> Any:
    from spandrel.architectures.RGT import RGT

    return RGT(img_size=16, embed_dim=16, depth=[2, 2], num_heads=[2, 2], split_size=[8, 8], mlp_ratio=2, upscale=2)


def _craft() -> Any:
    from spandrel.architectures.CRAFT import CRAFT

    return CRAFT(embed_dim=12, depths=[1, 1], num_heads=[2, 2], split_size_0=4, split_size_1=8, mlp_ratio=2, upscale=2)


def _ditn() -> Any:
    from spandrel.architectures.DITN import DITN

    return DITN(dim=12, ITL_blocks=1, SAL_blocks=1, UFONE_blocks=1, upscale=2)


def _realcugan(scale: int = 2) -> Any:
    from spandrel.architectures.RealCUGAN import UpCunet2x, UpCunet3x

    return UpCunet2x() if scale == 2 else UpCunet3x()


def _dctlsa() -> Any:
    from spandrel.architectures.DCTLSA import DCTLSA

    return DCTLSA()


def _atd() -> Any:
    from spandrel.architectures.ATD import ATD

    return ATD(
        img_size=16, embed_dim=12, depths=(2, 2), num_heads=(2, 2), window_size=8, category_size=32, num_tokens=8,
        reducted_dim=4, mlp_ratio=2, upscale=2, upsampler="pixelshuffle",
    )  # fmt: skip


def _drct() -> Any:
    from spandrel.architectures.DRCT import DRCT

    return DRCT(
        img_size=16, embed_dim=12, depths=(2, 2), num_heads=(2, 2), window_size=8, gc=4, mlp_ratio=2, upscale=2,
        upsampler="pixelshuffle",
    )  # fmt: skip


def _plksr() -> Any:
    from spandrel.architectures.PLKSR import PLKSR

    return PLKSR(dim=16, n_blocks=2, upscaling_factor=2, kernel_size=9)


def _realplksr() -> Any:
    from spandrel.architectures.PLKSR import RealPLKSR

    return RealPLKSR(dim=16, n_blocks=2, upscaling_factor=2, kernel_size=9, dysample=False)


def _seemore() -> Any:
    from spandrel.architectures.SeemoRe import SeemoRe

    return SeemoRe(scale=2)


def _mosr() -> Any:
    from spandrel.architectures.MoSR import MoSR

    return MoSR(upscale=2, n_block=2, dim=16)


def _moesr() -> Any:
    from spandrel.architectures.MoESR import MoESR

    return MoESR(scale=2, dim=16, n_blocks=1, n_block=1)


def _rcan() -> Any:
    from spandrel.architectures.RCAN import RCAN

    return RCAN(scale=2, n_resgroups=2, n_resblocks=2, n_feats=16, reduction=4)


def _fdat() -> Any:
    from spandrel.architectures.FDAT import FDAT

    return FDAT(scale=2, embed_dim=16, num_groups=1, depth_per_group=2, num_heads=2, window_size=8)


def _grl() -> Any:
    from spandrel.architectures.GRL import GRL

    return GRL(
        img_size=16, embed_dim=16, depths=[1, 1], num_heads_window=[2, 2], num_heads_stripe=[2, 2], window_size=8,
        stripe_size=[8, 8], mlp_ratio=2, upscale=2, upsampler="pixelshuffle",
    )  # fmt: skip


def _mmrealsr() -> Any:
    from spandrel.architectures.MMRealSR import MMRealSR

    return MMRealSR(
        num_in_ch=3, num_out_ch=3, scale=4, num_feat=8, num_block=1, num_grow_ch=4, num_feats=[8, 8, 8, 8],
        num_blocks=[1, 1, 1, 1],
    )  # fmt: skip


NETWORKS: dict[str, Callable[[], Any]] = {
    name[1:]: maker
    for name, maker in list(globals().items())
    if name.startswith("_") and not name.startswith("__") and callable(maker)
}
"""One factory for each architecture."""


def make(name: str) -> Any:
    """A tiny network with the same random weights each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return NETWORKS[name]().eval()
