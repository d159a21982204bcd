"""The pod and container of a log, from the paths that Kubernetes and Docker give it."""

from pathlib import Path

import pytest

from logloom.receivers._named import container_of
from tests.files import Followed

UID = "49cc7c1f-d370-2c40-b686-86ea7488b91d"
ID = "5a1c7e0d" * 8
POD = {
    "k8s.namespace.name": "shop",
    "k8s.pod.name": "cart-7d9f.v2-x2x5l",
    "k8s.pod.uid": UID,
    "k8s.container.name": "app",
    "k8s.container.restart_count": "3",
}


@pytest.mark.parametrize("name", ["3.log", "3.log.20260101-000000", "3.log.20260101-000000.gz"])
def test_the_log_of_a_pod(name: str) -> None:
    assert container_of(f"/var/log/pods/shop_cart-7d9f.v2-x2x5l_{UID}/app/{name}") == POD


def test_the_log_of_a_static_pod_has_the_hash_of_its_file() -> None:
    uid = "e3b0c44298fc1c149afbf4c8996fb924"
    found = container_of(f"/var/log/pods/kube-system_etcd-node1_{uid}/etcd/0.log")
    assert (found["k8s.pod.uid"], found["k8s.pod.name"]) == (uid, "etcd-node1")


def test_the_link_to_the_log_of_a_container() -> None:
    assert container_of(f"/var/log/containers/cart-7d9f_shop_web-app-{ID}.log") == {
        "k8s.namespace.name": "shop",
        "k8s.pod.name": "cart-7d9f",
        "k8s.container.name": "web-app",
        "container.id": ID,
    }


@pytest.mark.parametrize("name", ["-json.log", "-json.log.1", "-json.log.2.gz"])
def test_the_log_of_a_container_of_docker(name: str) -> None:
    assert container_of(f"/var/lib/docker/containers/{ID}/{ID}{name}") == {"container.id": ID}


@pytest.mark.parametrize(
    "path",
    [
        "/var/log/app.log",
        f"/var/log/pods/shop_{UID}/app/0.log",
        f"/var/log/pods/shop_cart_{UID}/0.log",
        "/var/log/pods/shop_cart_notauid/app/0.log",
        f"/var/log/pods/shop_cart_{UID}/app/current.log",
        "/var/log/containers/cart_shop_app-123.log",
        f"/var/lib/docker/containers/{ID}/other-json.log",
    ],
)
def test_other_paths_say_nothing(path: str) -> None:
    assert container_of(path) == {}


def test_a_link_of_kubernetes_says_what_both_its_ends_say(tmp_path: Path) -> None:
    real = tmp_path / "pods" / f"shop_cart-7d9f.v2-x2x5l_{UID}" / "app" / "3.log"
    real.parent.mkdir(parents=True)
    real.write_text("2026-01-01T00:00:00Z stdout F one\n")
    (tmp_path / "containers").mkdir()
    (tmp_path / "containers" / f"cart-7d9f.v2-x2x5l_shop_app-{ID}.log").symlink_to(real)
    files = Followed(tmp_path, "containers/*.log", format="cri", include_file_name=False)
    assert files.poll() == ["one"]
    assert files.resources == [POD | {"container.id": ID}]
    files = Followed(tmp_path / "off", "../containers/*.log", add_metadata_from_filepath=False, include_file_name=False)
    files.poll()
    assert files.resources == [{}]
