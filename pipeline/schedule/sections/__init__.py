"""One file per section of the YAML: its dataclass, its reader, its checks."""
