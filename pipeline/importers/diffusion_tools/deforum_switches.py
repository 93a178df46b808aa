"""Deforum's switches: which of its settings have an effect only if a feature is on.

Source: deforum-art/sd-webui-deforum, scripts/deforum_helpers/args.py.
"""

from pipeline.importers.diffusion_tools.switches import Switches

SWITCHES: Switches = {
    ("hybrid_motion", "hybrid_composite"): r"hybrid_.*",
    ("hybrid_composite",): r"hybrid_comp_.*|hybrid_use_init_image",
    ("hybrid_motion",): r"hybrid_flow_.*|hybrid_consistency_blur|hybrid_motion_.*",
    ("use_looper",): r"init_images|image_strength_schedule|image_keyframe_schedule|blendFactor.*|tweening.*|"
    r"color_correction_factor|loop_args",
    ("enable_subseed_scheduling", "seed_enable_extras"): r"subseed.*|seed_resize_from_.*",
    ("seed_behavior=schedule",): r"seed_schedule",
    ("seed_behavior=iter",): r"seed_iter_N",
    ("enable_steps_scheduling",): r"steps_schedule",
    ("enable_sampler_scheduling",): r"sampler_schedule",
    ("enable_scheduler_scheduling",): r"scheduler_schedule",
    ("enable_checkpoint_scheduling",): r"checkpoint_schedule",
    ("enable_clipskip_scheduling",): r"clipskip_schedule",
    ("enable_noise_multiplier_scheduling",): r"noise_multiplier_schedule",
    ("enable_ddim_eta_scheduling",): r"ddim_eta_schedule",
    ("enable_ancestral_eta_scheduling",): r"ancestral_eta_schedule",
    ("use_noise_mask",): r"noise_mask_.*",
    ("use_mask", "use_mask_video", "use_noise_mask"): r"mask_.*|invert_mask|overlay_mask|full_res_mask.*|fill",
    ("use_mask", "use_init"): r"use_alpha_as_mask",
    ("use_init",): r"init_image|init_image_box|strength_0_no_init|add_init_noise|init_noise|init_sample",
    ("use_mask_video",): r"video_mask_path",
    ("r_upscale_video",): r"r_upscale_.*",
    ("frame_interpolation_engine",): r"frame_interpolation_.*",
    ("add_soundtrack",): r"soundtrack_path",
    ("enable_perspective_flip", "flip_2d_perspective"): r"perspective_flip_.*",
    ("shake_name",): r"shake_.*",
    ("optical_flow_cadence",): r"cadence_flow_factor_schedule|optical_flow_cadence_.*",
    ("optical_flow_redo_generation",): r"redo_flow_factor_schedule|optical_flow_redo_.*",
    ("diffusion_redo",): r"diffusion_redo.*",
    ("color_coherence=video input",): r"color_coherence_video_.*",
    ("color_coherence=image",): r"color_coherence_image_path",
    ("color_coherence",): r"color_coherence_.*",
    ("parseq_manifest",): r"parseq_.*",
    ("override_settings_with_file",): r"override_settings_.*|custom_settings_file",
    ("prompt_weighting",): r"normalize_prompt_weights",
    ("render_steps",): r"path_name_modifier",
    # Shared by all features that read the input video.
    (
        "hybrid_motion",
        "hybrid_composite",
        "color_coherence=video input",
        "add_soundtrack=init video",
    ): r"video_init_path",
    ("hybrid_motion", "hybrid_composite", "color_coherence=video input", "use_mask_video"): r"extract_.*",
    **{(f"cn_{unit}_enabled",): rf"cn_{unit}_.*" for unit in range(1, 6)},
}
# How the program saves and displays its results, and the 3D camera, whose motion has a note of its own.
ALWAYS = (
    r"batch_name|outdir|batchdir|timestring|filename_format|save_.*|make_gif|make_grid|grid_rows|n_batch|n_samples|"
    r"skip_video.*|delete_.*|store_.*|display_.*|show_.*|motion_preview.*|resume_.*|.*_version|"
    r"ffmpeg_.*|image_path|mp4_path|max_video_frames|seed_internal|overwrite_extracted_frames|"
    r"sd_model_hash|deforum_git_commit_id|models_path.*|output_path.*|bit_depth.*|log_weighted_subprompts|precision|"
    r"midas_weight|depth_algorithm|use_depth_warping|use_zoe_depth|padding_mode|sampling_mode|near_.*|far_.*|"
    r"aspect_ratio_.*|fov_schedule|translation_z|rotation_3d_[xyz]|.*keep_in_vram|[Cf]"
)
