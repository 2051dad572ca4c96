"""Redis URLs: what is understood, what is refused, and that no password is ever shown."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import ActorsError
from actors.exq.endpoint import Endpoint, mask


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        ("redis://", {"scheme": "redis", "host": "127.0.0.1", "port": 6379, "database": 0}),
        ("REDIS://example.com", {"scheme": "redis", "host": "example.com"}),
        ("redis://h:7000/3", {"host": "h", "port": 7000, "database": 3}),
        ("redis:///2", {"host": "127.0.0.1", "database": 2}),
        ("redis://h:/", {"host": "h", "port": 6379, "database": 0}),
        ("redis://[::1]:7000", {"host": "::1", "port": 7000}),
        ("redis://:p%40w%2F%3A@h", {"username": None, "password": "p@w/:"}),
        ("redis://ann:pw@h/1?client_name=exq", {"username": "ann", "password": "pw", "client_name": "exq"}),
        ("rediss://h", {"scheme": "rediss", "port": 6379, "ssl": ()}),
        (
            "rediss://h?ssl_ca_certs=/ca.pem&ssl_check_hostname=no",
            {"ssl": (("ssl_ca_certs", "/ca.pem"), ("ssl_check_hostname", False))},
        ),
        ("unix:///run/redis.sock", {"scheme": "unix", "path": "/run/redis.sock", "host": "", "port": 0}),
        ("unix://ann:pw@/run/redis.sock?db=4", {"username": "ann", "password": "pw", "database": 4}),
        ("embedded://", {"scheme": "embedded", "name": "", "database": 0}),
        ("embedded://Demo", {"scheme": "embedded", "name": "Demo"}),
        ("embedded://demo?db=3", {"name": "demo", "database": 3}),
    ],
)
def test_a_url_of_an_accepted_form_is_understood(url: str, fields: dict[str, Any]) -> None:
    endpoint = Endpoint.parse(url)
    assert {field: getattr(endpoint, field) for field in fields} == fields


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "empty"),
        (None, "is a str"),
        (6379, "is a str"),
        (b"redis://h", "is a str"),
        ("redis://h ", "white space"),
        ("redis://h\n", "white space"),
        ("localhost:6379", "none of the accepted schemes"),
        ("redis:h", "none of the accepted schemes"),
        ("http://h", "none of the accepted schemes"),
        ("redis://h:x", "the port"),
        ("redis://h:0", "the port"),
        ("redis://h:65536", "the port"),
        ("redis://[::1", "brackets"),
        ("redis://h/x", "the database"),
        ("redis://h/-1", "the database"),
        ("redis://h/1/2", "the database"),
        ("redis://h?db=x", "db is a number"),
        ("unix:///s?db=-1", "the database"),
        ("redis://h#f", "a #"),
        ("redis://ann@h", "needs a password"),
        ("redis://h?protocol=3", "no option 'protocol'"),
        ("redis://h?retry_on_timeout=yes", "no option"),
        ("redis://h?ssl_ca_certs=x", "no option"),
        ("rediss://h?ssl_cert_reqs=maybe", "none, optional, required"),
        ("unix://run/redis.sock", "three slashes"),
        ("unix://", "path"),
        ("embedded://a/b", "letters, digits"),
        ("embedded://ann:pw@a", "no passwords"),
        ("embedded://a?db=x", "the database"),
    ],
)
def test_any_other_value_is_refused_with_the_reason_the_forms_and_the_value(url: object, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        Endpoint.parse(url)
    message = str(caught.value)
    assert isinstance(caught.value, ActorsError)
    assert why in message
    for form in ("redis://[", "rediss://[", "unix://[", "embedded://name"):
        assert form in message
    assert message.rpartition("Got: ")[2] in {
        repr(url),
        f"a value of type {type(url).__name__}",
        mask(repr(url)),
    }


@pytest.mark.parametrize("url", ["sentinel://h/group", "cluster://h"])
def test_sentinel_and_cluster_are_said_to_come_later(url: str) -> None:
    with pytest.raises(ValueError, match="comes in a later release"):
        Endpoint.parse(url)


def test_a_password_is_shown_neither_by_str_nor_by_repr() -> None:
    for url in ("redis://ann:s3cret@h:1/2", "rediss://:s3cret@h?ssl_password=s3cret", "unix://:s3cret@/s"):
        endpoint = Endpoint.parse(url)
        assert "s3cret" not in f"{endpoint} {endpoint!r} {endpoint.masked()}"
    assert str(Endpoint.parse("redis://ann:s3cret@[::1]:1/2")) == "redis://ann:*****@[::1]:1/2"
    assert str(Endpoint.parse("redis://h")) == "redis://h:6379/0"
    assert str(Endpoint.parse("unix://:s3cret@/s")) == "unix://:*****@/s?db=0"
    assert str(Endpoint.parse("embedded://demo")) == "embedded://demo"


@pytest.mark.parametrize(
    "url",
    [
        "redis://ann:s3cret@h:x",
        "redis://:s3/cret@h",
        "redis://:s3?cret@h",
        "redis://:s3#cret@h",
        "redis://:12/s3cret@h",
        "redis://:s3@cret@h/x",
        "redis://s3cret@h",
        "http://ann:s3cret@h",
        "ann:s3cret@h:6379",
        "redis://h?password=s3cret",
        "rediss://h?ssl_password=s3cret&protocol=3",
        "sentinel://:s3cret@h",
        "embedded://ann:s3cret@name",
        "unix://:s3cret@",
    ],
)
def test_no_part_of_a_password_is_in_the_message_of_a_refusal(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        Endpoint.parse(url)
    assert "s3" not in str(caught.value)
    assert "cret" not in str(caught.value)
    assert "*****" in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@given(st.text())
def test_no_text_makes_anything_but_an_endpoint_or_a_value_error(text: str) -> None:
    for url in (text, f"redis://{text}", f"unix:///{text}", f"embedded://{text}"):
        try:
            Endpoint.parse(url)
        except ValueError as error:
            assert isinstance(error, ActorsError)  # noqa: PT017 — either outcome is right


def test_an_endpoint_is_frozen_hashable_and_picklable() -> None:
    endpoint = Endpoint.parse("redis://ann:pw@h:1/2")
    with pytest.raises(dataclasses.FrozenInstanceError):
        endpoint.port = 3  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(endpoint)) == endpoint
    assert hash(endpoint) == hash(Endpoint.parse("redis://ann:pw@h:1/2"))
