"""Which route a path leads to."""

import pytest

from logloom.receivers._routes import Routes

ROUTES = (
    "POST /_bulk",
    "POST /{index}/_bulk",
    "PUT /_bulk",
    "GET /_template/{name}",
    "GET /{index}/_doc/{id}",
    "GET /_ilm/{rest*}",
    "GET /a.b",
)


@pytest.mark.parametrize(
    ("path", "leads_to", "names"),
    [
        ("/_bulk", {"POST", "PUT"}, {}),
        ("/logs-app/_bulk", {"POST"}, {"index": "logs-app"}),
        ("/%3Clogs-%7Bnow%2Fd%7D%3E/_bulk", {"POST"}, {"index": "<logs-{now/d}>"}),
        ("/_template/mine", {"GET"}, {"name": "mine"}),
        ("/_template/", set(), {}),
        ("/_template/a/b", set(), {}),
        ("/_ilm/policy/a/b", {"GET"}, {"rest": "policy/a/b"}),
        ("/_ilm/", {"GET"}, {"rest": ""}),
        ("/x/_doc/7", {"GET"}, {"index": "x", "id": "7"}),
        ("/a.b", {"GET"}, {}),
        ("/aXb", set(), {}),
        ("/%5fbulk", {"POST", "PUT"}, {}),
        ("//_bulk", set(), {}),
        ("", set(), {}),
    ],
)
def test_a_path_leads_to_the_routes_that_fit(path: str, leads_to: set[str], names: dict[str, str]) -> None:
    routes: Routes[str] = Routes()
    routes.add({key: key for key in ROUTES})
    found, stand_for = routes.find(path)
    assert (set(found), stand_for) == (leads_to, names)


def test_the_pattern_with_most_letters_of_its_own_is_taken_in_whatever_order() -> None:
    for order in (("GET /{a}/{b}", "GET /{a}/_search"), ("GET /{a}/_search", "GET /{a}/{b}")):
        routes: Routes[str] = Routes()
        routes.add({key: key for key in order})
        assert routes.find("/x/_search")[0] == {"GET": "GET /{a}/_search"}
        assert routes.find("/x/y")[0] == {"GET": "GET /{a}/{b}"}
