"""Lists, watches, patches, dynamic client, rights: what programs in Python do. Usage: manager.py <namespace>; KUBECONFIG names the cluster."""
import json
import sys
import time

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException

namespace = sys.argv[1]
config.load_kube_config()
core = client.CoreV1Api()
apps = client.AppsV1Api()


def until(what, holds):
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.02)


def refused(code, call):
    try:
        call()
    except ApiException as error:
        assert error.status == code, error
        return error
    raise AssertionError(f"not refused with {code}")


assert client.VersionApi().get_code().git_version.startswith("v1.36")
assert any(group.name == "apps" for group in client.ApisApi().get_api_versions().groups)
core.create_namespace({"metadata": {"name": namespace}})

# A list, and the watch that goes on from it.
before = core.list_namespaced_config_map(namespace)
core.create_namespaced_config_map(namespace, {"metadata": {"name": "one", "labels": {"a": "b"}}, "data": {"colour": "red"}})
core.patch_namespaced_config_map("one", namespace, {"data": {"colour": "green"}})
core.delete_namespaced_config_map("one", namespace)
seen = []
for event in watch.Watch().stream(core.list_namespaced_config_map, namespace, label_selector="a=b", resource_version=before.metadata.resource_version, timeout_seconds=20):
    seen.append((event["type"], (event["object"].data or {}).get("colour")))
    if event["type"] == "DELETED":
        break
assert seen == [("ADDED", "red"), ("MODIFIED", "green"), ("DELETED", "green")], seen

# Patches: a list is JSON Patch, an object strategic merge.
core.create_namespaced_config_map(namespace, {"metadata": {"name": "two"}, "data": {"colour": "red", "size": "big"}})
assert core.patch_namespaced_config_map("two", namespace, [{"op": "remove", "path": "/data/size"}]).data == {"colour": "red"}
assert core.patch_namespaced_config_map("two", namespace, {"data": {"colour": None}}).data is None

# Objects of YAML, by their kind.
utils.create_from_dict(client.ApiClient(), {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
    "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
             "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}}}, namespace=namespace)
until("ready pods", lambda: apps.read_namespaced_deployment_status("web", namespace).status.ready_replicas == 2)
apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 3}})
until("three pods", lambda: len(core.list_namespaced_pod(namespace, label_selector="app=web").items) == 3)
pages = core.list_namespaced_pod(namespace, limit=2)
assert len(pages.items) == 2 and pages.metadata.remaining_item_count == 1
assert len(core.list_namespaced_pod(namespace, limit=2, _continue=pages.metadata._continue).items) == 1
core.create_namespaced_pod_eviction(pages.items[0].metadata.name, namespace, client.V1Eviction(metadata=client.V1ObjectMeta(name=pages.items[0].metadata.name)))

# The dynamic client finds kinds by discovery; it applies from the server.
found = dynamic.DynamicClient(client.ApiClient())
maps = found.resources.get(api_version="v1", kind="ConfigMap")
applied = maps.server_side_apply(body=json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "three"}, "data": {"a": "b"}}), name="three", namespace=namespace, field_manager="python")
assert applied.data["a"] == "b"
conflict = refused(409, lambda: core.replace_namespaced_config_map("three", namespace, {"metadata": {"name": "three", "resourceVersion": "1"}}))
assert "the object has been modified" in conflict.body, conflict.body

# Custom objects come by paths of their own, built-in kinds too.
custom = client.CustomObjectsApi()
assert len(custom.list_namespaced_custom_object("apps", "v1", namespace, "deployments")["items"]) == 1

missing = refused(404, lambda: core.read_namespaced_secret("nobody", namespace))
assert 'secrets \\"nobody\\" not found' in missing.body, missing.body
review = client.AuthorizationV1Api().create_self_subject_access_review({"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}})
assert review.status.allowed

apps.delete_namespaced_deployment("web", namespace, propagation_policy="Foreground")
until("no pods", lambda: not core.list_namespaced_pod(namespace).items)
core.delete_namespace(namespace)
until("no namespace", lambda: namespace not in [found.metadata.name for found in core.list_namespace().items])
print("all well")
