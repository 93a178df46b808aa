"""The latest results are kept, and no more of them."""

from render.guidance.latest import Latest


def test_what_was_asked_for_last_is_kept() -> None:
    made: list[str] = []
    kept: Latest[str, str] = Latest(2)

    def ask(key: str) -> str:
        def make() -> str:
            made.append(key)
            return key.upper()

        return kept.get(key, make)

    assert [ask(key) for key in "abacab"] == ["A", "B", "A", "C", "A", "B"]
    assert "".join(made) == "abcb"
