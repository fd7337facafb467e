"""Trains the faces prior on an accelerator: a StyleGAN2 with adaptive augmentation, in short resumable runs.

    python -m training.train_faces_gan --data DATA --run RUN --minutes 9          # again and again, it continues

    python -m training.train_faces_gan --data DATA --run RUN --minutes 9 --deliver OUT    # what a release needs, small

256 pixels, bf16 feature maps, portraits resident on the device as bytes, checkpoints in shards under 16 MiB, a sheet of
64 samples at the end of each run. The loss is the non-saturating one with lazy R1 (StyleGAN2, appendix B); style mixing
and path length regularisation are omitted, as in StyleGAN2-ADA at this size. Afterwards `train_faces --freeze` fits
an encoder, and `export_faces` writes the release.
"""

from __future__ import annotations

import argparse
import copy
import logging
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from training.faces_augment import AdaptiveAugment
from training.faces_checkpoint import load_tensors, save_tensors
from training.faces_data import Portraits, batch, load_portraits
from training.faces_discriminator import Discriminator
from training.faces_model import write_specs
from training.faces_sheet import save_sheet

from depixel.priors.face_encoder import EncoderSpec
from depixel.priors.stylegan import Generator, GeneratorSpec

log = logging.getLogger("train_faces_gan")
R1_EVERY = 16  # steps between gradient penalties


class State:
    """The state of a run between calls."""

    def __init__(self, options: argparse.Namespace, device: torch.device) -> None:
        spec = GeneratorSpec(
            resolution=options.size,
            latent=options.latent,
            noise_latent=options.latent,
            channels=options.channels,
            mapping_layers=options.mapping_layers,
            mapped_input=False,
        )
        self.spec = spec
        self.generator = Generator(spec).to(device)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        self.discriminator = Discriminator(options.size, options.critic_base, options.critic_most).to(device)
        self.optimiser = torch.optim.Adam(self.generator.parameters(), lr=options.rate, betas=(0.0, 0.99), eps=1e-8)
        lazy = R1_EVERY / (R1_EVERY + 1)  # the penalty's steps count as well (StyleGAN2, appendix B)
        self.critic = torch.optim.Adam(
            self.discriminator.parameters(), lr=options.rate * 0.4 * lazy, betas=(0.0, 0.99**lazy), eps=1e-8
        )
        self.augment = AdaptiveAugment(pictures_to_one=options.augment_pictures)
        self.seen = 0
        self.seconds = 0.0

    def save(self, run: Path) -> None:
        """Write run/gan in shards; `train_faces --freeze` takes the averaged generator from there."""
        tensors: dict[str, Tensor] = {}
        for prefix, module in self._modules():
            tensors |= {
                f"{prefix}.{key}": value.detach().cpu().contiguous() for key, value in module.state_dict().items()
            }
        for prefix, optimiser in (("optimiser", self.optimiser), ("critic", self.critic)):
            for index, state in optimiser.state_dict()["state"].items():
                tensors |= {f"{prefix}.{index}.{key}": torch.as_tensor(value).cpu() for key, value in state.items()}
        save_tensors(run / "gan", tensors, {"seen": self.seen, "seconds": self.seconds, "p": self.augment.p})

    def deliver(self, out: Path) -> None:
        """Write out/gan with only the averaged generator, in half precision: enough for `train_faces --freeze`."""
        tensors = {
            f"average.{key}": value.half().cpu().contiguous() for key, value in self.average.state_dict().items()
        }
        save_tensors(out / "gan", tensors, {"seen": self.seen, "seconds": self.seconds, "p": self.augment.p})
        write_specs(out, self.spec, EncoderSpec(latent=self.spec.latent, layers=self.spec.layers))

    def load(self, run: Path) -> None:
        """Continue where the last call ended, or start a new run."""
        if not (run / "gan" / "index.json").is_file():
            return
        tensors, facts = load_tensors(run / "gan")

        def under(prefix: str) -> dict[str, Tensor]:
            return {key[len(prefix) + 1 :]: value for key, value in tensors.items() if key.startswith(prefix + ".")}

        for prefix, module in self._modules():
            module.load_state_dict(under(prefix))
        for prefix, optimiser in (("optimiser", self.optimiser), ("critic", self.critic)):
            state: dict[int, dict[str, Tensor]] = {}
            for key, value in under(prefix).items():
                index, name = key.split(".", 1)
                state.setdefault(int(index), {})[name] = value
            optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
        self.seen, self.seconds, self.augment.p = int(facts["seen"]), facts["seconds"], facts["p"]

    def _modules(self) -> tuple[tuple[str, nn.Module], ...]:
        return ("generator", self.generator), ("average", self.average), ("discriminator", self.discriminator)


def train(options: argparse.Namespace) -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    start = time.monotonic()
    state = State(options, device)
    state.load(options.run)
    torch.manual_seed(options.seed + state.seen)
    rng = torch.Generator().manual_seed(options.seed + state.seen)
    write_specs(options.run, state.spec, EncoderSpec(latent=state.spec.latent, layers=state.spec.layers))
    portraits = load_portraits(options.data, options.size, evaluation=False)
    portraits = Portraits(portraits.names, portraits.pixels.to(device), portraits.landmarks, portraits.metadata)
    dtype = torch.bfloat16
    log.info("starting at %d pictures on %s, augmentation %.2f", state.seen, device, state.augment.p)

    def fake(count: int) -> Tensor:
        z = torch.randn(count, state.spec.noise_latent, device=device)
        w_plus = state.generator.mapping(z)[:, None].expand(-1, state.spec.layers, -1)
        return state.generator.synthesis(w_plus, noise_mode="random", dtype=dtype)  # type: ignore[no-any-return]

    signs, since, steps = 0.0, 0, 0
    first = state.seen
    next_log = 15.0
    while (elapsed := time.monotonic() - start) < options.minutes * 60 or steps == 0:
        # Critic: truth against samples, sometimes with R1.
        state.discriminator.requires_grad_(True)
        truth = batch(portraits, options.batch, options.size, rng, device)[0]
        with torch.no_grad():
            false = fake(options.batch)
        true_logits = state.discriminator(state.augment(truth), dtype)
        false_logits = state.discriminator(state.augment(false), dtype)
        judging = F.softplus(-true_logits).mean() + F.softplus(false_logits).mean()
        if steps % R1_EVERY == 0:
            seen = state.augment(truth).detach().requires_grad_(True)
            (gradient,) = torch.autograd.grad(state.discriminator(seen).mean(1).sum(), seen, create_graph=True)
            penalty = gradient.square().sum((1, 2, 3)).mean()
            judging = judging + 0.5 * options.r1 * R1_EVERY * penalty
        state.critic.zero_grad(set_to_none=True)
        judging.backward()
        state.critic.step()

        # Generator.
        state.discriminator.requires_grad_(False)
        fooling = F.softplus(-state.discriminator(state.augment(fake(options.batch)), dtype)).mean()
        state.optimiser.zero_grad(set_to_none=True)
        fooling.backward()
        state.optimiser.step()
        steps += 1
        state.seen += options.batch
        with torch.no_grad():
            keep = 0.5 ** (options.batch / min(10_000.0, 0.05 * state.seen + 1))
            for old, new in zip(state.average.parameters(), state.generator.parameters(), strict=True):
                old.lerp_(new, 1 - keep)

        # Augmentation follows the critic.
        signs, since = signs + true_logits.sign().mean().item(), since + 1
        if since == 4:
            state.augment.adapt(signs / since, since * options.batch)
            signs, since = 0.0, 0
        if elapsed > next_log:
            speed = (state.seen - first) / elapsed
            log.info(
                "%4.1f min %8d pictures %.0f/s critic %.3f generator %.3f p %.2f",
                elapsed / 60, state.seen, speed, judging.item(), fooling.item(), state.augment.p,
            )  # fmt: skip
            next_log += 15
    state.seconds += time.monotonic() - start
    state.save(options.run)
    if options.deliver is not None:
        state.deliver(options.deliver)
    with torch.no_grad():
        z = torch.randn(64, state.spec.noise_latent, generator=torch.Generator().manual_seed(0)).to(device)
        pictures = torch.cat([state.average(part) for part in torch.split(z, 8)])
    for folder in (options.run, options.deliver):
        if folder is not None:
            save_sheet(list(torch.split(pictures, 8)), folder / f"samples-{state.seen:08d}.png", 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with faces256-*.tar and metadata.jsonl")
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoints and sheets; continued")
    parser.add_argument("--deliver", type=Path, default=None, help="folder for the averaged generator and the sheet")
    parser.add_argument("--minutes", type=float, default=9.0, help="wall-clock minutes of this call")
    parser.add_argument("--size", type=int, default=256, help="pixels a side")
    parser.add_argument("--latent", type=int, default=512, help="numbers in z and w")
    parser.add_argument("--channels", type=_numbers, default=(512, 512, 512, 256, 256, 128, 64), help="at 4, 8, ...")
    parser.add_argument("--mapping-layers", type=int, default=2, help="StyleGAN2-ADA's choice for small sets")
    parser.add_argument("--critic-base", type=int, default=64, help="channels of the critic at full size")
    parser.add_argument("--critic-most", type=int, default=512, help="most channels of the critic")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2.5e-3)
    parser.add_argument("--r1", type=float, default=1.0, help="weight of the gradient penalty")
    parser.add_argument("--augment-pictures", type=float, default=200_000, help="pictures for p to go from 0 to 1")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.run.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(options)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    main()
