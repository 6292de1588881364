"""Numbered coupons passed from hand to hand: what is odd about real codes, and their trees."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import Counter
from typing import Any

import pytest
from typer.testing import CliRunner

from replaying import ROOT, data


@pytest.fixture(scope="module")
def coupons() -> Any:
    spec = importlib.util.spec_from_file_location(
        "nyjazz_coupons", ROOT / "examples" / "nyjazz" / "coupons.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_what_is_odd_about_the_codes_is_counted(coupons: Any) -> None:
    """EC-70: a code meant for one comes back with several people; others come from nowhere."""
    found = coupons.oddities(coupons.read(data("nyjazz_rds/respondents.csv")))
    assert (found.people, found.unaided, found.redeemed) == (264, 10, 254)
    assert (found.issued, found.issued_again, found.issued_to_two) == (1_449, 3, 14)
    assert found.redeemed_again == {
        "902": 2, "906": 2, "9018": 2, "9037": 2, "9050": 2, "9081": 2, "9099": 2, "90": 3
    }  # fmt: skip
    assert found.never_issued == {"90": 3}
    assert found.too_early == ["135", "136"]


def test_every_code_is_accounted_for_step_by_step(coupons: Any) -> None:
    people = coupons.read(data("nyjazz_rds/respondents.csv"))
    steps = list(coupons.steps(people))
    assert Counter(step.kind for step in steps) == {"redeem": 254, "issue": 1_467}
    owner: dict[str, str] = {}
    said: Counter[str] = Counter()
    redeemed: set[str] = set()
    for step in steps:
        if step.kind == "issue":
            said[
                "issued to another" if owner.get(step.code, step.by) != step.by else "issued"
            ] += 1
            owner.setdefault(step.code, step.by)
        elif step.code not in owner:
            said["not issued yet"] += 1  # by 3 with a code of nobody, and by 2 before their turn
        else:
            said["again" if step.code in redeemed else "redeemed"] += 1
            redeemed.add(step.code)
    assert said == {
        "issued": 1_452,
        "issued to another": 15,  # one of these codes twice to the second person
        "redeemed": 242,
        "again": 7,
        "not issued yet": 5,
    }


def test_the_recruits_make_a_forest(coupons: Any) -> None:
    from viralcommerce.cli.app import app

    people = coupons.read(data("nyjazz_rds/respondents.csv"))
    lines = ["id,parent", *(f"{who},{by}" for who, by in coupons.links(people))]
    result = CliRunner().invoke(app, ["measure", "-", "--json"], input="\n".join(lines))
    (found,) = json.loads(result.stdout)["files"]
    assert (found["members"], len(found["cascades"])) == (264, 13)  # 10 unaided, 3 from nowhere
    largest = found["cascades"][0]
    assert (largest["name"], largest["size"], largest["depth"]) == ("4", 125, 11)
    assert found["k"]["value"] == pytest.approx(251 / 264)
