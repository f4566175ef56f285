"""What is sealed opens under its own name, with its own secret, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import ConfigError
from mailer.sealing import Seal

SEAL = Seal(b"s" * 32, "relay")


@given(st.text(), st.text())
def test_what_was_sealed_opens_again(name: str, text: str) -> None:
    assert SEAL.opened(name, SEAL.sealed(name, text)) == text


def test_nothing_of_the_text_shows() -> None:
    sealed = SEAL.sealed("post", "open sesame")

    assert "sesame" not in sealed
    assert sealed != SEAL.sealed("post", "open sesame")


@pytest.mark.parametrize(
    ("seal", "name"),
    [(Seal(b"t" * 32, "relay"), "post"), (Seal(b"s" * 32, "dkim"), "post"), (SEAL, "other")],
    ids=["another secret", "another purpose", "another name"],
)
def test_it_opens_nowhere_else(seal: Seal, name: str) -> None:
    with pytest.raises(ConfigError, match=r"secret\.key"):
        seal.opened(name, SEAL.sealed("post", "open sesame"))


@pytest.mark.parametrize("spoil", [lambda text: text[:-5], lambda text: "", lambda text: "x" + text])
def test_what_was_damaged_is_a_sentence(spoil) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match="cannot be opened"):
        SEAL.opened("post", spoil(SEAL.sealed("post", "open sesame")))
