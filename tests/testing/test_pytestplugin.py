"""The pytest plugin: it costs nothing where it is not used, and its fixtures do what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from viralcommerce import CNY, WHOLE, Campaign, Coupon, EqualSplit, Grant, days
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.testing import award

SOURCE = Path(__file__).resolve().parents[2] / "src"
TEA = Campaign(
    "tea",
    pack.CouponPack(EqualSplit(CNY(10), parts=2), open_for=days(1)),
    grants=(Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),),
    budget=CNY(100),
)


def pytest_run(folder: Path, test: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on one file, as a host project would."""
    (folder / "test_host.py").write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    if not any("viralcommerce" in str(path) for path in plugins()):
        command += ["-p", "_viralcommerce_pytestplugin"]
    return subprocess.run(
        [*command, "test_host.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "PYTEST_ADDOPTS": ""},
    )


def plugins() -> list[str]:
    """What pytest loads by itself, where we are installed."""
    from importlib.metadata import entry_points

    return [point.value for point in entry_points(group="pytest11")]


def test_loading_it_imports_nothing_of_ours() -> None:
    code = (
        "import sys, pytest, json; before = set(sys.modules); import _viralcommerce_pytestplugin;"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert json.loads(told.stdout) == ["_viralcommerce_pytestplugin"]


def test_a_test_that_uses_no_fixture_of_it_imports_nothing_of_ours(tmp_path: Path) -> None:
    ran = pytest_run(
        tmp_path,
        "import sys\n"
        "def test_light():\n"
        "    ours = {'viralcommerce', 'pydantic', 'msgspec', 'hypothesis'} & set(sys.modules)\n"
        "    assert not ours - {'hypothesis', 'pydantic'}, ours\n"
        "    assert '_viralcommerce_pytestplugin' in sys.modules\n",
    )
    assert ran.returncode == 0, ran.stdout


def test_stories_and_shops_need_no_hypothesis(tmp_path: Path) -> None:
    code = (
        "import sys, viralcommerce.testing, viralcommerce.testing.contracts;"
        "print(sorted({'hypothesis', 'pytest', 'sqlite3'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert told.stdout.strip() == "[]"


def test_a_shop_runs_on_the_other_fixtures(
    viral_shop, viral_clock, viral_entropy, viral_issuer, viral_members
) -> None:
    shop = viral_shop(TEA)
    shop.handle(TEA, pack.Share(pack="p", by="ann"))
    shop.handle(TEA, pack.Grab(pack="p", by="bob"))
    assert shop.deliver().delivered == 1
    assert [one.to for one in viral_issuer.issued] == ["bob"]
    viral_clock.forward(days(1))
    assert shop.tick() == 1
    assert viral_members.asked == []
    assert viral_entropy.key() == "key-4"  # the third named a lease of the outbox


def test_a_shop_may_be_on_disk_and_closed_by_the_test(viral_shop, tmp_path: Path) -> None:
    with viral_shop(TEA, url=f"sqlite:///{tmp_path}/shop.db") as shop:
        shop.handle(TEA, pack.Share(pack="p", by="ann"))
    again = viral_shop(TEA, url=f"sqlite:///{tmp_path}/shop.db")
    assert again.store.cell("tea", "p") is not None


def test_a_story_may_be_told_from_a_fixture(story) -> None:
    begun = story(TEA).given(pack.Share(pack="p", by="ann"))
    begun.when(pack.Grab(pack="p", by="bob")).then(award("bob", CNY(5)))


HOST = """
from viralcommerce import *
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.testing import award

tea = Campaign("tea", pack.CouponPack(EqualSplit(CNY(10), parts=2), open_for=days(1)),
    grants=(Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),), budget=CNY(100))


def test_no_end(story):
    story(tea).when(pack.Share(pack='p', by='ann'))


def test_cooked_books(viral_shop):
    shop = viral_shop(tea)
    shop.handle(tea, pack.Share(pack='p', by='ann'))
    shop.store._cells.clear()


def test_wrong_end(story):
    begun = story(tea).given(pack.Share(pack='p', by='ann'))
    begun.when(pack.Grab(pack='p', by='bob')).then(award('bob', CNY(6)))
"""


def test_what_a_host_project_reads_when_its_tests_fail(tmp_path: Path) -> None:
    ran = pytest_run(tmp_path, HOST)
    assert ran.returncode == 1
    assert "1 failed, 2 passed, 2 errors" in ran.stdout
    for said in (
        "never told to its end with a then",
        "Share(by='ann'",
        "the books do not add up",
        "tea: p: 1 cells are gone",
        "a story of tea",
        "ann: Share(pack='p')",
        "missing: bob gets CNY 6.00",
    ):
        assert said in ran.stdout
