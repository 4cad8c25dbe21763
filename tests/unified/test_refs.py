"""References are remembered, and what is remembered is never mistaken for something else."""

from decimal import Decimal
from typing import Any

import pytest

from unified.codecs import CodecError, Scope
from unified.ids import record_id
from unified.refs import brief_ref, canon_ref, make_ref, read_ref

SCOPE = Scope("2f6c1d7e-9a53-4f0e-8a63-0b3a6a526a5c")
OTHER = Scope("7c0de1b2-11aa-4d53-9a77-5e6f70819203")


def test_reference_holds_ids_and_the_labels_that_are_known() -> None:
    """In lower case, under the tenant that it was read for; nothing at all is no reference."""
    found = read_ref(SCOPE, "item", "AB", code="TIM", name="")

    assert {
        "id": record_id(SCOPE.tenant_id, "item", "ab"),
        "remote_id": "ab",
        "code": "TIM",
    } == found
    assert found == make_ref(SCOPE, "item", "ab", code="TIM")
    assert found is read_ref(SCOPE, "item", "AB", code="TIM", name="")
    assert found != read_ref(OTHER, "item", "AB", code="TIM")
    assert found != read_ref(SCOPE, "account", "AB", code="TIM")
    assert read_ref(SCOPE, "item", "", name="n") == {"id": None, "remote_id": None, "name": "n"}
    assert read_ref(SCOPE, "item", None, code="", name=None) is None


@pytest.mark.parametrize(
    ("code", "written"),
    [(1, "1"), (Decimal("1.0"), "1.0"), (Decimal("1.00"), "1.00"), (Decimal(1), "1"), ("1", "1")],
)
def test_codes_that_are_numbers_keep_their_digits(code: Any, written: str) -> None:
    """Equal numbers are one key of a cache, so no number may be remembered."""
    ref = read_ref(SCOPE, "account", None, code=code)

    assert {"id": None, "remote_id": None, "code": written} == ref


@pytest.mark.parametrize("wrong", [True, 1.0, [], {}])
def test_what_is_no_text_is_refused_whatever_was_read_before(wrong: Any) -> None:
    """True equals 1, which is a code."""
    assert read_ref(SCOPE, "account", None, code=1) is not None

    with pytest.raises(CodecError, match="not a text"):
        read_ref(SCOPE, "account", "ab", code=wrong)
    with pytest.raises(CodecError, match="not an id"):
        read_ref(SCOPE, "account", wrong)


def test_labels_count_only_without_an_id() -> None:
    """Renaming a contact changes none of its invoices."""
    with_id = make_ref(SCOPE, "contact", "ab", name="n")
    without = make_ref(SCOPE, "contact", None, code="c", name="n")
    assert with_id is not None
    assert without is not None

    assert {"id": with_id["id"], "remote_id": "ab"} == canon_ref(with_id)
    assert without == canon_ref(without)
    assert brief_ref(with_id) == "ab"
    assert brief_ref(without) == ["c", "n"]
