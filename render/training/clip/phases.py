"""The phases of a CLIP run: clean first, then attacked, then with decoys, then both towers together."""

from dataclasses import dataclass

from render.training.config import CLIPConfig


@dataclass(frozen=True, kw_only=True)
class Phase:
    """How far the run is: the radius of the attack, and which parts are on."""

    radius: float
    decoys: bool
    joint: bool


def phase_at(step: int, config: CLIPConfig) -> Phase:
    """Ramp the attack from `attack_from` to `attack_full` of the run; from step 0 it would stay at chance."""
    done = step / config.steps
    ramp = (done - config.attack_from) / (config.attack_full - config.attack_from)
    return Phase(
        radius=config.radius * min(1.0, max(0.0, ramp)),
        decoys=done >= config.decoy_from,
        joint=done >= config.joint_from,
    )
