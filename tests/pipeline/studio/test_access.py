"""Who may use the server, and what a browser is told."""

import pytest

from pipeline.studio.server.access import Access, is_loopback
from tests.pipeline.studio.server import TOKEN, Server

PATH = "/api/schedules"


def test_a_program_with_the_token_may(server: Server) -> None:
    status, response = server.get(PATH)
    assert status == 200
    assert "toy.yaml" in response


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", "é" * 10])
def test_one_without_it_may_not(server: Server, token: str | None) -> None:
    for path in (PATH, "/api/openapi.json", "/api/nothing", "/api/events", "/index.html", "//", "/API/schedules"):
        status, response = server.get(path, token=token)
        assert status == 401, path
        assert "toy" not in response


def test_the_token_counts_only_in_its_header(server: Server) -> None:
    assert server.get(f"{PATH}?token={TOKEN}", token=None)[0] == 401
    assert server.get(PATH, f"Authorization: Basic {TOKEN}", token=None)[0] == 401
    assert server.get(PATH, f"Cookie: studio-{server.port}={TOKEN}", token=None)[0] == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "[::2]",
        "127.0.0.1:80:80",
        "127.0.0.1@evil.example",
        "[127.0.0.1",
        " ",
    ],
)
def test_a_name_that_is_not_ours_is_refused(server: Server, host: str) -> None:
    """DNS rebinding: the browser believes that this server is evil.example."""
    assert server.get(PATH, host=host)[0] in (400, 403)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST:9", "[::1]:9", "localhost."])
def test_our_names_are_accepted_whatever_the_port(server: Server, host: str) -> None:
    """The port may be another one: that of a tunnel."""
    assert server.get(PATH, host=host)[0] == 200


def test_two_hosts_or_none_are_refused(server: Server) -> None:
    assert server.get(PATH, "Host: evil.example")[0] in (400, 403)
    assert server.raw(f"GET {PATH} HTTP/1.0\r\nAuthorization: Bearer {TOKEN}\r\n\r\n")[0] in (400, 403)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "file://", "https://127.0.0.1"]
)
def test_a_page_of_another_origin_may_not(server: Server, origin: str) -> None:
    status, response = server.get(PATH, f"Origin: {origin}")
    assert status == 403
    assert "access-control" not in response.lower()


def test_our_own_page_may(server: Server) -> None:
    assert server.get(PATH, f"Origin: http://127.0.0.1:{server.port}", "Sec-Fetch-Site: same-origin")[0] == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_may_not_even_without_an_origin(server: Server, site: str) -> None:
    """Such as <img src=...>, for which browsers send no Origin."""
    assert server.get(PATH, f"Sec-Fetch-Site: {site}")[0] == 403


def test_a_preflight_gets_no_permission(server: Server) -> None:
    request = "\r\n".join(
        [
            f"OPTIONS {PATH} HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "Origin: http://evil.example",
            "Access-Control-Request-Method: PUT",
            "Connection: close",
        ]
    )
    status, response = server.raw(request + "\r\n\r\n")
    assert status == 403
    assert "access-control" not in response.lower()


def test_a_form_of_another_page_cannot_post(server: Server) -> None:
    """Forms send only three types of content, none of which is JSON."""
    with server.client() as client:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            response = client.post(
                "/api/check", content='{"path": "toy.yaml", "text": ""}', headers={"Content-Type": kind}
            )
            assert response.status_code == 415


def test_browsers_are_told_what_the_page_may_do(server: Server) -> None:
    with server.client() as client:
        for path in (PATH, "/api/nothing", "/"):
            headers = client.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"


def test_beyond_this_machine_addresses_are_names_but_no_other_names_are() -> None:
    from starlette.datastructures import Headers

    beyond, here = Access.of("t", "0.0.0.0", 80), Access.of("t", "127.0.0.1", 80)
    assert beyond.knows_host(Headers({"host": "192.168.1.2:80"}))
    assert not beyond.knows_host(Headers({"host": "evil.example"}))
    assert not here.knows_host(Headers({"host": "192.168.1.2:80"}))
    assert [is_loopback(host) for host in ("localhost", "127.0.0.9", "::1", "0.0.0.0", "::", "evil")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
