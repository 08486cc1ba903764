"""A pod's streams as programs in Python use them: exec, attach, port-forward, logs. Usage: streams.py <namespace>; KUBECONFIG names the cluster, and the namespace is there."""
import sys
import time

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import portforward, stream

namespace = sys.argv[1]
config.load_kube_config()
core = client.CoreV1Api()


def until(what, holds):
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.02)


def ready():
    return any(condition.type == "Ready" and condition.status == "True" for condition in core.read_namespaced_pod("box", namespace).status.conditions or [])


core.create_namespaced_pod(namespace, {
    "metadata": {"name": "box"},
    "spec": {"terminationGracePeriodSeconds": 1, "containers": [
        {"name": "web", "image": "guestbook-redis:1", "command": ["/bin/sh", "-c"],
         "args": ["busybox mkdir -p /www; echo hello > /www/index.html; exec busybox httpd -f -p 8080 -h /www"]},
        {"name": "echo", "image": "guestbook-redis:1", "stdin": True, "command": ["/bin/sh", "-c", "echo begun; while read line; do echo \"got $line\"; done"]}]}})
until("the running pod", ready)

# A command to its end, its output as a text.
said = stream(core.connect_get_namespaced_pod_exec, "box", namespace, container="web", command=["/bin/sh", "-c", "echo out; echo err >&2"], stdout=True, stderr=True, stdin=False, tty=False)
assert sorted(said.split()) == ["err", "out"], said

# One that is spoken with, and how it ended.
shell = stream(core.connect_get_namespaced_pod_exec, "box", namespace, container="web", command=["/bin/sh"], stdout=True, stderr=True, stdin=True, tty=False, _preload_content=False)
shell.write_stdin("echo one\n")
assert shell.readline_stdout(timeout=20) == "one"
shell.write_stdin("echo two >&2\n")
assert shell.readline_stderr(timeout=20) == "two"
shell.write_stdin("exit 7\n")
shell.run_forever(timeout=20)
assert shell.returncode == 7, shell.returncode
shell.close()

terminal = stream(core.connect_get_namespaced_pod_exec, "box", namespace, container="web", command=["busybox", "tty"], stdout=True, stderr=False, stdin=True, tty=True)
assert terminal.startswith("/dev/pts/"), terminal

# The main process, attached to; its log as it grows.
attached = stream(core.connect_get_namespaced_pod_attach, "box", namespace, container="echo", stdout=True, stderr=False, stdin=True, tty=False, _preload_content=False)
attached.write_stdin("attached\n")
assert attached.readline_stdout(timeout=20) == "got attached"
lines = []
follow = watch.Watch()
for line in follow.stream(core.read_namespaced_pod_log, name="box", namespace=namespace, container="echo"):
    lines.append(line)
    if line == "got attached":
        attached.write_stdin("again\n")
    if line == "got again":
        break
assert lines == ["begun", "got attached", "got again"], lines
attached.close()
assert core.read_namespaced_pod_log("box", namespace, container="echo", tail_lines=1) == "got again\n"

# A port.
ports = portforward(core.connect_get_namespaced_pod_portforward, "box", namespace, ports="8080")
connection = ports.socket(8080)
connection.settimeout(20)
connection.sendall(b"GET /index.html HTTP/1.0\r\n\r\n")
answer = b""
while not answer.endswith(b"hello\n"):
    more = connection.recv(1024)
    assert more, answer
    answer += more
assert ports.error(8080) is None, ports.error(8080)
connection.close()

try:
    stream(core.connect_get_namespaced_pod_exec, "nobody", namespace, command=["ls"], stdout=True, stderr=True, stdin=False, tty=False)
    raise AssertionError("a command in no pod")
except ApiException as error:
    assert "404" in str(error.status) or "404" in str(error.reason), error

core.delete_namespaced_pod("box", namespace)
print("all well")
