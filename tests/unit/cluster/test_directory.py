"""Whose address is whose: by name, template, position, host name and memory."""

from __future__ import annotations

from elysiadash.cluster.directory import Directory, NodeAddress
from elysiadash.config.profile import Addresses, Profile

NODES = ("wv-0", "wv-1")


def profile(nodes: Addresses, metrics: Addresses | None = None) -> Profile:
    return Profile(name="p", url="http://lb", nodes=nodes, metrics=metrics or Addresses())


def test_a_template_gives_every_known_node_an_address() -> None:
    found = Directory(
        profile(
            Addresses(template="http://{node}.wv:8080"), Addresses(template="http://{node}:2112")
        )
    )
    assert found.addresses(NODES) == (
        NodeAddress("wv-0", "http://wv-0.wv:8080", "http://wv-0:2112"),
        NodeAddress("wv-1", "http://wv-1.wv:8080", "http://wv-1:2112"),
    )
    assert found.addresses(()) == ()


def test_names_in_the_profile_win_over_the_template() -> None:
    nodes = Addresses(template="http://{node}", named={"wv-1": "http://special"})
    rest = {a.node: a.rest for a in Directory(profile(nodes)).addresses(NODES)}
    assert rest == {"wv-0": "http://wv-0", "wv-1": "http://special"}


def test_a_list_is_matched_by_host_name() -> None:
    nodes = Addresses(unnamed=("http://wv-1.headless:8080", "http://wv-0.headless:8080"))
    rest = {a.node: a.rest for a in Directory(profile(nodes)).addresses(NODES)}
    assert rest == {"wv-0": "http://wv-0.headless:8080", "wv-1": "http://wv-1.headless:8080"}


def test_what_the_metrics_tell_names_the_neighbour_at_the_same_place() -> None:
    nodes = Addresses(unnamed=("http://127.0.0.1:1", "http://127.0.0.1:2"))
    metrics = Addresses(unnamed=("http://127.0.0.1:11", "http://127.0.0.1:12"))
    found = Directory(profile(nodes, metrics))
    assert {a.node for a in found.addresses(NODES)} == {None}
    found.learn("http://127.0.0.1:11", "wv-1")
    found.learn("http://127.0.0.1:12", "wv-0")
    assert found.addresses(NODES) == (
        NodeAddress("wv-0", "http://127.0.0.1:2", "http://127.0.0.1:12"),
        NodeAddress("wv-1", "http://127.0.0.1:1", "http://127.0.0.1:11"),
    )


def test_what_was_learned_is_remembered() -> None:
    nodes = Addresses(unnamed=("http://127.0.0.1:1",))
    first = Directory(profile(nodes))
    first.learn("http://127.0.0.1:1", "wv-0")
    again = Directory(profile(nodes), first.learned)
    assert again.addresses(NODES)[0].node == "wv-0"


def test_lists_of_different_length_are_not_aligned() -> None:
    nodes = Addresses(unnamed=("http://127.0.0.1:1", "http://127.0.0.1:2"))
    metrics = Addresses(unnamed=("http://127.0.0.1:12",))
    found = Directory(profile(nodes, metrics))
    found.learn("http://127.0.0.1:12", "wv-1")
    by_rest = {a.rest: a.node for a in found.addresses(NODES)}
    assert by_rest["http://127.0.0.1:1"] is None
