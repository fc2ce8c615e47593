"""What a schema cannot say of the manifests: names and selectors match, keys exist, probes ask for what the server has,
and twenty pods fit the database. The OpenAPI document of the running server is the argument."""

import json
import pathlib
import re
import sys
import urllib.request

import yaml

K8S = pathlib.Path(__file__).parents[2] / "k8s"
FILES = "secret-mysql configmap deployment-backend deployment-mysql svc-backend svc-mysql metrics hpa".split()


def main(url):
    assert sorted(p.name for p in K8S.iterdir()) == sorted(f"{name}.yaml" for name in FILES)
    everything = [doc for name in FILES for doc in yaml.safe_load_all((K8S / f"{name}.yaml").read_text())]
    of = lambda kind, name: next(d for d in everything if d["kind"] == kind and d["metadata"]["name"] == name)
    pods = {d["metadata"]["name"]: d["spec"]["template"] for d in everything if d["kind"] == "Deployment"}
    ours = {name: pods[name] for name in ("ambrosia", "mysql")}

    for doc in everything:
        spec = doc.get("spec", {})
        if doc["kind"] == "Deployment":
            assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
        selectors = {
            "Service": lambda: spec["selector"],
            "PodDisruptionBudget": lambda: spec["selector"]["matchLabels"],
            "NetworkPolicy": lambda: spec["podSelector"]["matchLabels"],
        }
        if doc["kind"] in selectors:
            chosen = [p for p in pods.values() if selectors[doc["kind"]]().items() <= p["metadata"]["labels"].items()]
            assert len(chosen) == 1, f"{doc['kind']} {doc['metadata']['name']} chooses {len(chosen)} kinds of pod"
        if doc["kind"] == "Service":
            names = [port["name"] for c in chosen[0]["spec"]["containers"] for port in c["ports"]]
            assert all(port["targetPort"] in names for port in spec["ports"])

    keys = {(d["kind"], d["metadata"]["name"]): set(d.get("data") or d.get("stringData"))
            for d in everything if d["kind"] in ("ConfigMap", "Secret")}
    for name, pod in ours.items():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False and spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        for c in spec["containers"]:
            security = c["securityContext"]
            assert security["readOnlyRootFilesystem"] and security["capabilities"]["drop"] == ["ALL"]
            assert not security["allowPrivilegeEscalation"] and c["resources"]["limits"]["memory"]
            for env in c.get("env", []):
                source = env["valueFrom"]
                kind = "Secret" if "secretKeyRef" in source else "ConfigMap"
                ref = source.get("secretKeyRef") or source["configMapKeyRef"]
                assert ref["key"] in keys[kind, ref["name"]], f"{name}: {env['name']}"
            for source in c.get("envFrom", []):
                ref = source.get("configMapRef") or source["secretRef"]
                assert ref.get("optional") or ("ConfigMap", ref["name"]) in keys
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                action = c[probe].get("httpGet") or c[probe]["tcpSocket"]
                assert action["port"] in [port["name"] for port in c["ports"]]
        for volume in spec.get("volumes", []):
            if claim := volume.get("persistentVolumeClaim"):
                of("PersistentVolumeClaim", claim["claimName"])

    paths = json.load(urllib.request.urlopen(f"{url}/openapi.json"))["paths"]
    backend = ours["ambrosia"]["spec"]["containers"][0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        path = backend[probe]["httpGet"]["path"]
        assert "get" in paths[path] and urllib.request.urlopen(url + path).status == 200
    assert backend["ports"][0]["containerPort"] == 31000
    node_port = of("Service", "svc-backend")["spec"]["ports"][0]["nodePort"]
    assert node_port == 31000

    # The settings are ones that the program knows.
    config = of("ConfigMap", "ambrosia")["data"]
    source = (K8S.parent / "src/config.rs").read_text()
    assert all(f'("{name}"' in re.sub(r"\(\s+", "(", source) for name in config), config
    assert config["MYSQL_HOST"] == of("Service", "svc-mysql")["metadata"]["name"]

    hpa = of("HorizontalPodAutoscaler", "ambrosia")["spec"]
    assert hpa["scaleTargetRef"]["name"] in pods and (hpa["minReplicas"], hpa["maxReplicas"]) == (1, 20)
    rolling = of("Deployment", "ambrosia")["spec"]["strategy"]["rollingUpdate"]
    assert rolling["maxUnavailable"] == 0
    most = hpa["maxReplicas"] + rolling["maxSurge"]
    each = int(config["POOL_SIZE"]) + 2  # one for the probe, one while migrating
    arg = next(a for a in ours["mysql"]["spec"]["containers"][0]["args"] if "max-connections" in a)
    limit, reserve = int(arg.split("=")[1]), 20
    assert most * each + reserve <= limit, f"{most} pods of {each} connections and {reserve} > {limit}"
    stop = (int(config["DRAIN_MS"]) + int(config["GRACE_MS"])) / 1000
    assert stop < ours["ambrosia"]["spec"]["terminationGracePeriodSeconds"]

    # Rules and dashboard ask for figures that there are. Those that nobody has counted yet are not told: so from the source.
    source = (K8S.parent / "src/metrics.rs").read_text()
    known = {f"ambrosia_{name}" for name in re.findall(r'register\("(\w+)"', source)}
    for name, unit in re.findall(r'register_with_unit\(\s*"(\w+)".*?Unit::(\w+)', source, re.S):
        known.add(f"ambrosia_{name}_{unit.lower()}")
    monitoring = K8S.parent / "monitoring"
    yaml.safe_load((monitoring / "alerts.yaml").read_text())
    json.loads((monitoring / "dashboard.json").read_text())
    for file in monitoring.iterdir():
        for name in re.findall(r"ambrosia_\w+", file.read_text()):
            base = re.sub(r"_(total|count|sum|bucket)$", "", name)
            assert base in known or base.removesuffix("_info") in known, f"{file.name}: {name}"
    assert len(known) > 12
    print("the manifests fit each other, the server and the database")


main(sys.argv[1])
