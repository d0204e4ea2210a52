"""The Prometheus reader against prometheus_client's, and where text is not what it should be."""

from __future__ import annotations

import math
import re
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from elysiadash.weaviate import exposition
from elysiadash.weaviate.aggregation import FamilyFolds, folds_by_family
from elysiadash.weaviate.exposition import Aggregation, Exposition, ExpositionReader

DATA = Path(__file__).parent / "data"
RECORDINGS = Path(__file__).parents[4] / "shared" / "recordings" / "1.39.0"

OracleSample = tuple[str, tuple[tuple[str, str], ...], float]
CHILDREN = ("", "_bucket", "_sum", "_count")


def read(
    text: str | bytes,
    wanted: Iterable[str] = (),
    aggregations: Iterable[Aggregation] = (),
    cuts: Iterable[int] = (),
    limit: int = 1 << 40,
) -> Exposition:
    body = text.encode() if isinstance(text, str) else text
    reader = ExpositionReader(frozenset(wanted), limit, tuple(aggregations))
    start = 0
    for cut in [*sorted(cut % (len(body) + 1) for cut in cuts), len(body)]:
        reader.feed(body[start:cut])
        start = cut
    return reader.close()


def oracle(text: str) -> list[OracleSample]:
    """Every sample as prometheus_client reads it.

    Counters are passed off as gauges, or it would add ``_total`` to their names.
    """
    text = re.sub(r"^(# TYPE \S+) counter$", r"\1 gauge", text, flags=re.MULTILINE)
    return [
        (sample.name, tuple(sorted(sample.labels.items())), float(sample.value))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]


def ours(result: Exposition) -> list[OracleSample]:
    return [
        (sample.name, tuple(sorted(sample.labels)), sample.value)
        for family in result.families.values()
        for sample in family.samples
    ]


def in_order(samples: Iterable[OracleSample]) -> list[str]:
    """Comparable: NaN is not equal to itself, and families may come in another order."""
    return sorted(map(repr, samples))


def aggregated(samples: list[OracleSample], asked: Aggregation) -> dict[tuple[str, str], float]:
    """The slow and obvious way, from the oracle's samples."""
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for name, pairs, value in samples:
        labels = dict(pairs)
        fits = all(
            labels.get(label, "").endswith(wanted[1:])
            if wanted.startswith("*")
            else labels.get(label, "") == wanted
            for label, wanted in asked.where
        )
        if name == (asked.sample or asked.family) and fits and not math.isnan(value):
            key = (labels.get(asked.by, ""), labels.get(asked.then, "") if asked.then else "")
            groups[key].append(value)
    total: dict[str, Callable[[list[float]], float]]
    total = {"sum": sum, "min": min, "max": max, "count": len}
    return {key: float(total[asked.how](values)) for key, values in groups.items()}


def flat(result: Exposition, asked: Aggregation) -> dict[tuple[str, str], float]:
    if not asked.then:
        return {(key, ""): value for key, value in result.totals.get(asked, {}).items()}
    return {
        (key, second): value
        for key, (seconds, values) in result.tables.get(asked, {}).items()
        for second, value in zip(seconds, values, strict=True)
    }


def assert_same_numbers(
    got: dict[tuple[str, str], float], expected: dict[tuple[str, str], float]
) -> None:
    assert got.keys() == expected.keys()
    for key, value in expected.items():
        assert got[key] == pytest.approx(value, rel=1e-12, nan_ok=True), key


# -- against the oracle, on recorded and committed text ------------------------------------------


def families_in(text: str) -> set[str]:
    return set(re.findall(r"^# TYPE (\S+) ", text, flags=re.MULTILINE))


@pytest.mark.parametrize("name", ["metrics-node0.txt", "metrics-node1.txt", "metrics-grouped.txt"])
def test_recorded_answers_read_as_prometheus_client_reads_them(name: str) -> None:
    if not (RECORDINGS / name).exists():
        pytest.skip(f"no recorded {name} beside this repository")
    text = (RECORDINGS / name).read_text()
    everything = read(text, families_in(text))
    assert in_order(ours(everything)) == in_order(oracle(text))
    assert (everything.bad_lines, everything.incomplete) == (0, False)

    some = {"queries_durations_ms", "lsm_active_segments", "object_count", "go_goroutines"}
    expected = [s for s in oracle(text) if re.sub("_(bucket|sum|count)$", "", s[0]) in some]
    expected += [s for s in oracle(text) if s[0] == "object_count"]
    assert in_order(ours(read(text, some))) == in_order(expected)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.prom")), ids=lambda path: path.stem)
def test_committed_answers_read_as_prometheus_client_reads_them(path: Path) -> None:
    text = path.read_text()
    wanted = families_in(text) | {"unannounced"}
    result = read(text, wanted)
    assert in_order(ours(result)) == in_order(oracle(text))
    assert result.families.keys() == wanted & ({s[0] for s in oracle(text)} | families_in(text))


# -- against the oracle, on made-up text ---------------------------------------------------------

#: No deadline: how long an example takes says more about the machine.
quickly = settings(max_examples=60, deadline=None)

FAMILIES = ("alpha", "alpha_total", "beta_ms", "gamma:x", "delta_bytes")
ANY_VALUE = st.one_of(
    st.sampled_from(["", "Doc", "Doc2", 'q"uote', "back\\slash", "new\nline", "# TYPE a gauge"]),
    st.text('{}",=\\ #\nnab', max_size=8),
    st.text(st.characters(codec="utf-8"), max_size=6),
)
PLAIN_VALUE = st.sampled_from(["Doc", "Doc2", "Event", "a/oc", "n"])
ANY_NUMBER = st.one_of(
    st.integers(-5, 10**6).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["NaN", "+Inf", "-Inf", "1e+06", "1.8446744073709552e+19", "0"]),
)
PLAIN_NUMBER = st.one_of(
    st.integers(0, 10**9).map(str), st.floats(0, 1e12).map(repr), st.just("1.5e+06")
)


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@st.composite
def families(draw: st.DrawFn, name: str, plain: bool) -> str:
    """One family's text, with both, one or none of its comment lines.

    Plain: as the Go client writes it, always with the label ``a``; else all the format allows.
    """
    kinds = ["gauge", "counter", "histogram", "summary"] + ([] if plain else ["untyped", ""])
    kind = draw(st.sampled_from(kinds))
    lines = []
    if draw(st.booleans()):
        lines.append(f"# HELP {name} Says # TYPE {name} counter, \\n and more.")
    if kind:
        lines.append(f"# TYPE {name} {kind}")
    ends = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}
    for _ in range(draw(st.integers(1, 8))):
        value = PLAIN_VALUE if plain else ANY_VALUE
        pairs = draw(st.dictionaries(st.sampled_from("abcd"), value, max_size=3))
        if plain:
            pairs["a"] = draw(PLAIN_VALUE)
        labels = ",".join(f'{key}="{escaped(pairs[key])}"' for key in sorted(pairs))
        series = name + draw(st.sampled_from(ends.get(kind, ("",))))
        series += f"{{{labels}}}" if labels else ""
        timestamp = "" if plain else draw(st.sampled_from(["", "", " 1395066363000", " -1"]))
        lines.append(f"{series} {draw(PLAIN_NUMBER if plain else ANY_NUMBER)}{timestamp}")
        if not plain and draw(st.integers(0, 9)) == 0:
            lines.append(draw(st.sampled_from(["", "   ", "# a comment", "#", "\t# TYPED no"])))
    return "".join(f"{line}\n" for line in lines)


@st.composite
def texts(draw: st.DrawFn, plain: bool = False) -> str:
    """Families in any order, each kept together as the format asks; one may come again."""
    names = draw(st.lists(st.sampled_from(FAMILIES), unique=True, max_size=5))
    parts = [draw(families(name, plain)) for name in names]
    come_again: bool = draw(st.booleans())
    if names and come_again:
        again = draw(families(names[0], plain))
        parts.append(again if "# TYPE" in again else f"# HELP {names[0]}\n{again}")
    return "".join(parts)


ANY_TEXT = st.one_of(texts(), texts(plain=True))
CUTS = st.lists(st.integers(0, 10**6), max_size=12)
AGGREGATIONS = st.builds(
    lambda name, end, **fields: Aggregation(name, sample=name + end, **fields),
    st.sampled_from(FAMILIES),
    st.sampled_from(["", "_bucket", "_sum", "_count"]),
    by=st.sampled_from("aab"),
    how=st.sampled_from(["sum", "min", "max", "count"]),
    where=st.sampled_from([(), (("c", "Doc"),), (("b", "*oc"),), (("c", "n"), ("a", "*"))]),
    then=st.sampled_from(["", "", "b", "d"]),
)


def family_of(sample: str) -> str:
    return sample if sample in FAMILIES else re.sub("_(bucket|sum|count)$", "", sample)


@given(ANY_TEXT, st.sets(st.sampled_from(FAMILIES)), CUTS)
@quickly
def test_wanted_samples_are_the_oracles(text: str, wanted: set[str], cuts: list[int]) -> None:
    expected = [sample for sample in oracle(text) if family_of(sample[0]) in wanted]
    result = read(text, wanted, cuts=cuts)
    assert in_order(ours(result)) == in_order(expected)
    assert (result.bad_lines, result.bytes_read) == (0, len(text.encode()))


@given(ANY_TEXT, st.lists(AGGREGATIONS, max_size=6, unique=True), CUTS)
@quickly
def test_aggregations_are_the_oracles_samples_added_up(
    text: str, asked: list[Aggregation], cuts: list[int]
) -> None:
    samples = oracle(text)
    result = read(text, aggregations=asked, cuts=cuts)
    for aggregation in asked:
        assert_same_numbers(flat(result, aggregation), aggregated(samples, aggregation))


@given(texts(plain=True), st.integers(1, 40), st.lists(AGGREGATIONS, min_size=1, max_size=4))
@quickly
def test_small_windows_change_nothing(text: str, size: int, asked: list[Aggregation]) -> None:
    whole = read(text, FAMILIES, asked)
    body = text.encode()
    reader = ExpositionReader(FAMILIES, 1 << 40, asked)
    for at in range(0, len(body), size):
        reader.feed(body[at : at + size])
        reader._read_whole_lines()  # as a window of this size would
    pieces = reader.close()
    assert ours(pieces) == ours(whole)
    for aggregation in asked:
        assert_same_numbers(flat(pieces, aggregation), flat(whole, aggregation))


@given(st.binary(max_size=300), CUTS)
@quickly
def test_no_bytes_make_it_raise(body: bytes, cuts: list[int]) -> None:
    result = read(body, FAMILIES, [Aggregation("alpha", "a")], cuts)
    assert result.bytes_read == len(body)


@given(ANY_TEXT, st.binary(max_size=20), st.integers(0, 10**6))
@quickly
def test_no_damage_makes_it_raise(text: str, damage: bytes, at: int) -> None:
    body = text.encode()
    at %= len(body) + 1
    read(body[:at] + damage + body[at:], FAMILIES, [Aggregation("alpha", "a", then="b")])


# -- the fast way, and when it is not taken ------------------------------------------------------

PLAIN_BLOCK = b'\nx{a="one",b="1"} 1\nx{a="one",b="2"} 2.5\nx{a="two",b="1"} 1e+06'


def folds(*asked: Aggregation) -> FamilyFolds:
    return FamilyFolds(b"x", folds_by_family(asked)[b"x"])


def test_the_go_clients_shape_takes_the_fast_way() -> None:
    assert folds(Aggregation("x", "a")).take_block(PLAIN_BLOCK)
    assert folds(Aggregation("x", "a", then="b")).take_block(PLAIN_BLOCK)
    assert folds(Aggregation("x", "a", "max", (("b", "*1"),))).take_block(PLAIN_BLOCK)


@pytest.mark.parametrize(
    "line",
    [
        'x{a="with a space"} 3',
        'x{a="tab\\\\slash"} 3',
        'x{a="one",b="}"} 3',
        'x{a="open} 3',
        'x{b="one"} 3',
        'x{a="one"} 3 1395066363000',
        'x{a="one"} NaN',
        'x{a="one"} +Inf',
        'x{a="one"} 1,2',
        'x{a="one"} 0x10',
        'other{a="one"} 3',
        "x 3",
        "x{} 3",
        "garbage",
        'x{a="one" 3',
    ],
)
def test_any_other_shape_goes_line_by_line_and_counts_once(line: str) -> None:
    asked = Aggregation("x", "a", then="b")
    block = PLAIN_BLOCK + b"\n" + line.encode()
    assert not folds(asked).take_block(block)

    plain = read(b"# TYPE x gauge" + PLAIN_BLOCK + b"\n", aggregations=[asked])
    mixed = read(b"# TYPE x gauge" + block + b"\n", aggregations=[asked])
    before, after = flat(plain, asked), flat(mixed, asked)
    added = after.keys() - before.keys() or {("one", "")}
    assert all(after[key] == value for key, value in before.items() if key not in added)


def test_runs_of_one_collection_far_apart_add_up() -> None:
    text = "# TYPE x gauge\n" + 'x{a="one"} 1\nx{a="two"} 2\n' * 3
    asked = Aggregation("x", "a"), Aggregation("x", "a", "count"), Aggregation("x", "a", "min")
    result = read(text, aggregations=asked)
    assert [result.totals[one] for one in asked] == [
        {"one": 3.0, "two": 6.0},
        {"one": 3.0, "two": 3.0},
        {"one": 1.0, "two": 2.0},
    ]


def test_series_that_differ_in_a_third_label_add_up_in_their_cell() -> None:
    text = '# TYPE x gauge\nx{a="one",b="1",c="p"} 1\nx{a="one",b="1",c="q"} 2\n'
    asked = Aggregation("x", "a", then="b")
    assert read(text, aggregations=[asked]).tables == {asked: {"one": (("1",), [3.0])}}


def test_the_first_label_can_be_asked_for_too() -> None:
    asked = Aggregation("x", "a", where=(("a", "one"),))
    result = read(b"# TYPE x gauge" + PLAIN_BLOCK + b"\n", aggregations=[asked])
    assert result.totals == {asked: {"one": 3.5}}


def test_a_nan_is_left_out_and_nothing_but_nan_is_nothing() -> None:
    text = '# TYPE x gauge\nx{a="one"} NaN\nx{a="two"} NaN\nx{a="two"} 5\n'
    for how in ("sum", "min", "max"):
        asked = Aggregation("x", "a", how)
        assert read(text, aggregations=[asked]).totals[asked] == {"two": 5.0}


# -- text that is not what it should be ----------------------------------------------------------


def test_without_any_type_line_names_tell_the_family() -> None:
    text = 'x_bucket{le="1"} 2\nx_count 2\nx_sum 3\ny 1\nx_other 9\n'
    result = read(text, {"x"}, [Aggregation("x", "le", sample="x_bucket")])
    family = result.families["x"]
    assert family.type == "untyped"
    assert [sample.name for sample in family.samples] == ["x_bucket", "x_count", "x_sum"]
    assert list(result.totals.values()) == [{"1": 2.0}]
    assert result.bad_lines == 0


def test_a_wanted_family_without_comments_behind_an_unwanted_one_is_found() -> None:
    text = "# TYPE a gauge\na 1\na 2\nx 3\n# TYPE b gauge\nx 4\nb 5\n"
    assert [s.value for s in read(text, {"x"}).families["x"].samples] == [3.0, 4.0]


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [("gauge", "a", "a"), ("summary", "a_sum", "a_count"), ("histogram", "a_bucket", "a_count")],
)
def test_an_unwanted_family_is_jumped_over_not_read(kind: str, first: str, last: str) -> None:
    text = f"# TYPE a {kind}\n{first} 1\nno sample at all\n{last} 2\n# TYPE x gauge\nx 3\n"
    result = read(text, {"x"})
    assert result.bad_lines == 0
    assert [sample.value for sample in result.families["x"].samples] == [3.0]


def test_a_gauge_called_like_a_familys_count_is_its_own_family() -> None:
    text = "# TYPE x gauge\nx 1\n# TYPE x_count gauge\nx_count 2\n"
    assert [s.name for s in read(text, {"x"}).families["x"].samples] == ["x"]


def test_windows_line_ends() -> None:
    text = '# TYPE x gauge\r\nx{a="one"} 1\r\nx{a="one"} 2\r\n'
    asked = Aggregation("x", "a")
    result = read(text, {"x"}, [asked])
    assert [sample.value for sample in result.families["x"].samples] == [1.0, 2.0]
    assert result.families["x"].type == "gauge"
    assert read(text, aggregations=[asked]).totals == {asked: {"one": 3.0}}


def test_hexadecimal_numbers_as_go_writes_them() -> None:
    result = read("x 0x1p-2\nx -0X1.8p3\n", {"x"})
    assert [sample.value for sample in result.families["x"].samples] == [0.25, -12.0]


@pytest.mark.parametrize(
    "line",
    [
        "x",
        "x one",
        "x 1_000",
        "x 1 2 3",
        "x 1 soon",
        "1x 2",
        'x{a="1" 2',
        "x{a=1} 2",
        'x{a="1",a="2"} 2',
        'x{1a="1"} 2',
        'x{a="1"b="2"} 2',
        'x{a="open} 2',
        'x{a="1"}',
        "x 0xzz",
        "<html>",
    ],
)
def test_what_is_no_sample_is_counted_and_the_rest_is_read(line: str) -> None:
    result = read(f"x 1\n{line}\nx 2\n", {"x"})
    assert [sample.value for sample in result.families["x"].samples] == [1.0, 2.0]
    assert result.bad_lines == 1


def test_a_web_page_is_no_exposition() -> None:
    page = "<!doctype html>\n<html>\n<body>\n# TYPE x\nNot here, try elsewhere.\n</body>\n</html>\n"
    result = read(page, {"queries_durations_ms"}, [Aggregation("object_count", "class_name")])
    assert (result.families, result.totals, result.found) == ({}, {}, frozenset())
    assert result.bad_lines == 6


def test_text_that_is_no_utf8_is_shown_with_replacements() -> None:
    result = read(b'x{a="\xff"} 1\n', {"x"})
    assert result.families["x"].samples[0].label("a") == "\N{REPLACEMENT CHARACTER}"
    assert result.families["x"].samples[0].label("b") == ""


def test_a_last_line_without_newline_is_not_believed() -> None:
    result = read("# TYPE x gauge\nx 12\nx 34", {"x"})
    assert [sample.value for sample in result.families["x"].samples] == [12.0]
    assert (result.incomplete, result.truncated, result.cut_in) == (True, False, "x")
    whole = read("# TYPE x gauge\nx 12\n", {"x"})
    assert (whole.incomplete, whole.cut_in) == (False, None)


def test_behind_the_limit_nothing_is_taken() -> None:
    text = "# TYPE a gauge\na 1\n# TYPE x gauge\nx 1\nx 2\n"
    limit = len(text) - len("2\n")
    reader = ExpositionReader({"x", "a"}, limit)
    assert reader.feed(text[:20].encode())
    assert not reader.feed(text[20:].encode())
    assert not reader.feed(b"x 3\n")
    result = reader.close()
    assert [sample.value for sample in result.families["x"].samples] == [1.0]
    assert (result.truncated, result.incomplete, result.cut_in) == (True, True, "x")
    assert result.bytes_read == limit

    exactly = read(text, {"x"}, limit=len(text))
    assert (exactly.truncated, exactly.incomplete) == (False, False)


def test_a_line_without_end_is_dropped_and_what_follows_is_read() -> None:
    reader = ExpositionReader({"x"}, 1 << 40)
    reader.feed(b'x{a="')
    tracemalloc.start()
    for _ in range(40):
        reader.feed(b"y" * (exposition.LONGEST_LINE // 4))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    reader.feed(b'"} 1\nx 2\n')
    result = reader.close()
    assert [sample.value for sample in result.families["x"].samples] == [2.0]
    assert result.bad_lines == 1
    assert peak < 4 * exposition.LONGEST_LINE


def test_what_nobody_wants_takes_no_memory() -> None:
    block = b'big{class_name="Doc",path="/var/lib/weaviate/doc/x/lsm/objects"} 0.5\n' * 900
    reader = ExpositionReader({"x"}, 1 << 40, [Aggregation("y", "a")])
    reader.feed(b"# TYPE big gauge\n")
    tracemalloc.start()
    for _ in range(500):
        reader.feed(block)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    result = reader.close()
    assert result.bytes_read > 30_000_000
    assert peak < 4 * exposition.WINDOW


def test_labels_seen_again_are_parsed_once() -> None:
    result = read('x{a="1"} 1\nx{a="1"} 2\n', {"x"})
    first, second = result.families["x"].samples
    assert first.labels is second.labels
