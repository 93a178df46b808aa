"""Read a network's settings from a JSON config as transformers writes it; of a stranger's, bounded values only."""

import json
from pathlib import Path
from typing import Any

from render.errors import WeightsError, printable
from render.files.bounded import TooLargeError, read_bounded
from render.files.setting_rules import RefusedSettingError, Rules, place_of, require_known

_MAX_CONFIG = 100_000  # bytes


def read_json_settings(path: Path, rules: Rules, model_type: str, kind: str) -> dict[str, Any]:
    """Read the settings that have a rule; all others are ignored, and nothing that the config names is imported.

    Args:
        model_type: what the config must say that it is.
        kind: the network's name, for messages.

    Raises:
        WeightsError: it is no such config, or a value in it is out of bounds; the message gives the position.
    """
    try:
        text = read_bounded(path, _MAX_CONFIG).decode("utf-8")
        config = json.loads(text)
        if not isinstance(config, dict) or config.get("model_type") != model_type:
            raise WeightsError(f"{path}: not a {kind} config: expected model_type to be {model_type}")
        known = _only(config, rules)
        require_known(known, rules)
    except RefusedSettingError as error:
        raise WeightsError(printable(f"{path}:{place_of(text, error.keys)}: {error}")) from error
    except TooLargeError as error:
        raise WeightsError(f"{path}: {error}; is this a config?") from error
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise WeightsError(printable(f"{path}: not JSON: {error}")) from error
    return known


def _only(config: dict[str, Any], rules: Rules) -> dict[str, Any]:
    """The settings that have a rule, also within maps."""
    found = {}
    for key, rule in rules.items():
        if key in config:
            inner = config[key]
            found[key] = inner if callable(rule) or not isinstance(inner, dict) else _only(inner, rule)
    return found
