"""Settings of a feature are reported only if it is on; some settings must always be reported."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pipeline.importers.diffusion_tools.deforum_switches import SWITCHES
from pipeline.importers.formats import disco, warpfusion

DEFORUM = {"max_frames": 3, "fps": 10, "W": 64, "H": 64, "seed": 5, "prompts": {"0": "a sea"}}
DISCO = {
    **{"text_prompts": {"0": ["a sea"]}, "cutn_batches": None, "animation_mode": "2D", "max_frames": 3, "fps": 10},
    **{"set_seed": "5", "width": 64, "height": 64, "clip_guidance_scale": None},
}
WARP = {
    **{"text_prompts": {"0": ["a sea"]}, "flow_warp": True, "max_frames": 3, "fps": 10, "width": 64, "height": 64},
    **{"seed": 5},
}
# What turns the feature on, what leaves it off, and settings that have an effect only if it is on.
Feature = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
OFF: dict[str, Any] = {}
OF_DEFORUM: dict[str, Feature] = {
    "hybrid_motion": ({"hybrid_motion": "Optical Flow"}, {"hybrid_motion": "None"}, {"hybrid_flow_method": "RAFT"}),
    "hybrid_composite": ({"hybrid_composite": "Normal"}, OFF, {"hybrid_comp_alpha_schedule": "0:(1)"}),
    "use_looper": ({"use_looper": True}, {"use_looper": False}, {"init_images": '{"0": "a.png"}', "blendFactorMax": 1}),
    "enable_subseed_scheduling": ({"enable_subseed_scheduling": True}, OFF, {"subseed_strength_schedule": "0:(0.5)"}),
    "seed_enable_extras": ({"seed_enable_extras": True}, OFF, {"subseed": 7, "subseed_strength": 0.5}),
    "seed_behavior=schedule": ({"seed_behavior": "schedule"}, OFF, {"seed_schedule": "0:(5)"}),
    "seed_behavior=iter": ({"seed_behavior": "iter"}, OFF, {"seed_iter_N": 3}),
    "enable_steps_scheduling": ({"enable_steps_scheduling": True}, OFF, {"steps_schedule": "0:(9)"}),
    "enable_sampler_scheduling": ({"enable_sampler_scheduling": True}, OFF, {"sampler_schedule": "0:(a)"}),
    "enable_scheduler_scheduling": ({"enable_scheduler_scheduling": True}, OFF, {"scheduler_schedule": "0:(a)"}),
    "enable_checkpoint_scheduling": ({"enable_checkpoint_scheduling": True}, OFF, {"checkpoint_schedule": "0:(a)"}),
    "enable_clipskip_scheduling": ({"enable_clipskip_scheduling": True}, OFF, {"clipskip_schedule": "0:(2)"}),
    "enable_noise_multiplier_scheduling": (
        {"enable_noise_multiplier_scheduling": True},
        OFF,
        {"noise_multiplier_schedule": "0:(1.05)"},
    ),
    "enable_ddim_eta_scheduling": ({"enable_ddim_eta_scheduling": True}, OFF, {"ddim_eta_schedule": "0:(1)"}),
    "enable_ancestral_eta_scheduling": (
        {"enable_ancestral_eta_scheduling": True},
        OFF,
        {"ancestral_eta_schedule": "0:(1)"},
    ),
    "use_noise_mask": ({"use_noise_mask": True}, OFF, {"noise_mask_schedule": "0:(a)", "mask_schedule": "0:(a)"}),
    "use_mask": ({"use_mask": True}, OFF, {"mask_file": "a.png", "use_alpha_as_mask": True}),
    "use_mask_video": ({"use_mask_video": True}, OFF, {"video_mask_path": "a.mp4", "overlay_mask": True}),
    "use_init": ({"use_init": True}, OFF, {"init_image": "a.png", "use_alpha_as_mask": True}),
    "r_upscale_video": ({"r_upscale_video": True}, OFF, {"r_upscale_factor": "x2"}),
    "frame_interpolation_engine": (
        {"frame_interpolation_engine": "FILM"},
        {"frame_interpolation_engine": "None"},
        {"frame_interpolation_x_amount": 2},
    ),
    "add_soundtrack": ({"add_soundtrack": "File"}, {"add_soundtrack": "None"}, {"soundtrack_path": "a.mp3"}),
    "add_soundtrack=init video": ({"add_soundtrack": "Init Video"}, OFF, {"video_init_path": "a.mp4"}),
    "enable_perspective_flip": ({"enable_perspective_flip": True}, OFF, {"perspective_flip_phi": "0:(180)"}),
    "flip_2d_perspective": ({"flip_2d_perspective": True}, OFF, {"perspective_flip_phi": "0:(180)"}),
    "shake_name": ({"shake_name": "INVESTIGATION"}, {"shake_name": "None"}, {"shake_intensity": 1.5}),
    "optical_flow_cadence": ({"optical_flow_cadence": "RAFT"}, OFF, {"cadence_flow_factor_schedule": "0:(1)"}),
    "optical_flow_redo_generation": (
        {"optical_flow_redo_generation": "RAFT"},
        OFF,
        {"redo_flow_factor_schedule": "0:(1)"},
    ),
    "diffusion_redo": ({"diffusion_redo": "2"}, {"diffusion_redo": "0"}, {}),
    "color_coherence": ({"color_coherence": "LAB"}, {"color_coherence": "None"}, {"color_coherence_alpha": 0.5}),
    "color_coherence=video input": (
        {"color_coherence": "Video Input"},
        OFF,
        {"color_coherence_video_every_N_frames": 2, "video_init_path": "a.mp4", "extract_nth_frame": 2},
    ),
    "color_coherence=image": ({"color_coherence": "Image"}, OFF, {"color_coherence_image_path": "a.png"}),
    "parseq_manifest": ({"parseq_manifest": "https://a.json"}, OFF, {"parseq_use_deltas": True}),
    "override_settings_with_file": ({"override_settings_with_file": True}, OFF, {"custom_settings_file": "a.txt"}),
    "prompt_weighting": ({"prompt_weighting": True}, OFF, {}),
    "render_steps": ({"render_steps": True}, OFF, {"path_name_modifier": "x0_pred"}),
    **{
        f"cn_{unit}_enabled": ({f"cn_{unit}_enabled": True}, OFF, {f"cn_{unit}_module": "canny"})
        for unit in range(1, 6)
    },
}
OF_DISCO: dict[str, Feature] = {
    "turbo_mode": ({"turbo_mode": True}, {"turbo_mode": False}, {"turbo_steps": "3"}),
    "use_secondary_model": ({"use_secondary_model": True}, OFF, {"secondary_model_path": "a"}),
    "vr_mode": ({"vr_mode": True}, OFF, {"vr_eye_angle": 0.5}),
    "use_vertical_symmetry": ({"use_vertical_symmetry": True}, OFF, {"transformation_percent": [0.1]}),
    "use_horizontal_symmetry": ({"use_horizontal_symmetry": True}, OFF, {"transformation_percent": [0.1]}),
    "init_image": ({"init_image": "a.png"}, {"init_image": None}, {"init_scale": 1000}),
    "perlin_init": ({"perlin_init": True}, {"perlin_init": False}, {"perlin_mode": "mixed", "init_scale": 1000}),
}
OF_WARP: dict[str, Feature] = {
    "enable_adjust_brightness": ({"enable_adjust_brightness": True}, OFF, {"high_brightness_threshold": 180}),
    "normalize_latent": ({"normalize_latent": "first_latent"}, {"normalize_latent": "off"}, {"latent_norm_a": 1}),
    "fixed_code": ({"fixed_code": True}, {"fixed_code": False}, {"code_randomness": 0.1}),
    "controlnet_multimodel": ({"controlnet_multimodel": {"a": 1}}, OFF, {"controlnet_preprocess": True}),
}
ALL: list[tuple[str, Mapping[str, Any], Feature]] = [
    *((switch, DEFORUM, feature) for switch, feature in OF_DEFORUM.items()),
    *((switch, DISCO, feature) for switch, feature in OF_DISCO.items()),
    *((switch, WARP, feature) for switch, feature in OF_WARP.items()),
]


def _notes(plan: Callable[..., Any], settings: Mapping[str, Any]) -> str:
    return "\n".join(plan("a.json", json.dumps(settings)).notes)


def test_every_switch_is_tried() -> None:
    for tried, switches in (
        (OF_DEFORUM, SWITCHES),
        (OF_DISCO, disco.SWITCHES),
        (OF_WARP, warpfusion.SWITCHES),
    ):
        assert tried.keys() == {name for names in switches for name in names}


@pytest.mark.parametrize(("switch", "base", "feature"), ALL)
def test_settings_are_reported_only_if_their_feature_is_on(
    plan: Callable[..., Any], switch: str, base: dict[str, Any], feature: Feature
) -> None:
    on, off, settings = feature
    without = _notes(plan, base)
    assert _notes(plan, base | off | settings) == without
    notes = _notes(plan, base | on | settings)
    wanted = [*settings] if switch != "prompt_weighting" else []
    assert [name for name in wanted if name not in notes] == []
    assert settings or notes != without or switch == "prompt_weighting"


@pytest.mark.parametrize(
    ("base", "settings"),
    [
        (DEFORUM, {"color_force_grayscale": True}),
        (DEFORUM, {"tiling": True}),
        (DEFORUM, {"restore_faces": True}),
        (DEFORUM, {"use_mask_video": True}),
        (DEFORUM, {"model_checkpoint": "a.ckpt"}),
        (DEFORUM, {"override_settings_with_file": True}),
        (DISCO, {"skip_steps": 10}),
        (DISCO, {"perlin_init": True}),
        (WARP, {"fixed_code": True}),
        (WARP, {"normalize_prompt_weights": True}),
    ],
)
def test_settings_that_change_the_picture_are_always_reported(
    plan: Callable[..., Any], base: dict[str, Any], settings: dict[str, Any]
) -> None:
    notes = _notes(plan, base | settings)
    assert all(name in notes for name in settings)


def test_weights_that_are_not_divided_stay_as_they_are(plan: Callable[..., Any]) -> None:
    """The notebook's normalize_prompt_weights: off, `bacon:3 eggs:1` weigh 3 and 1."""
    prompts = {"prompts": {"0": "bacon:3 eggs:1"}, "prompt_weighting": True}
    for shared, weights in ((True, [0.75, 0.25]), (False, [3.0, 1.0])):
        found = plan("a.json", json.dumps({**DEFORUM, **prompts, "normalize_prompt_weights": shared}))
        assert [found.weights(text)[0] for text in ("bacon", "eggs")] == weights


@pytest.mark.parametrize("written", [{"0": "fog"}, ["fog"], "fog", '{"0": "fog"}'])
def test_negative_prompts_in_any_form_get_a_negative_weight(plan: Callable[..., Any], written: object) -> None:
    found = plan("a.json", json.dumps({**DEFORUM, "neg_prompts": written}))
    assert found.weights("fog")[0] == -1
