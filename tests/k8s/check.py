"""Validates the manifests against the schemas of the newest three Kubernetes versions, and checks what a schema cannot: names,
selectors and keys match, probes are documented routes, all pods that can be alive at once fit the database, and applying or
deleting a folder harms nothing. Arguments: the address of the running server, for its OpenAPI document, and a kubectl, which
renders the overlays."""

import base64
import json
import math
import pathlib
import re
import subprocess
import sys
import urllib.request

import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).parents[2]
K8S = ROOT / "k8s"
FILES = "secret-mysql configmap deployment-backend deployment-mysql svc-backend svc-mysql metrics hpa".split()
OVERLAYS = ["demo", "producao", "producao-mysql", "producao-galera"]
# Secrets of an installation, created by hand and never by a file.
REAL_SECRETS = {"mysql": {"MYSQL_PASS"},
                "mercado-pago": {"MERCADO_PAGO_TOKEN", "MERCADO_PAGO_POS", "MERCADO_PAGO_WEBHOOK_SECRET"},
                "ambrosia-tls": set()}
# Namespaced kinds; all others would be shared with other installations.
NAMESPACED = {"ConfigMap", "Secret", "Service", "Deployment", "StatefulSet", "CronJob", "PodDisruptionBudget", "NetworkPolicy",
              "HorizontalPodAutoscaler", "Ingress", "ServiceMonitor", "PrometheusRule", "MariaDB", "Backup"}
# Kinds of operators, which are in no schema of Kubernetes.
OPERATORS = ("monitoring.coreos.com/", "k8s.mariadb.com/")
MIB = 1 << 20


def main(url, kubectl):
    assert sorted(p.name for p in K8S.glob("*.*")) == sorted(f"{name}.yaml" for name in FILES)
    readme = re.findall(r"^kubectl apply -f (\S+)\.yaml$", (ROOT / "README.md").read_text(), re.M)
    assert readme == FILES, readme
    flat = [doc for name in FILES for doc in yaml.safe_load_all((K8S / f"{name}.yaml").read_text())]
    sets = {"flat": flat}
    for overlay in OVERLAYS:
        rendered = subprocess.run([kubectl, "kustomize", K8S / overlay], check=True, capture_output=True, text=True).stdout
        sets[overlay] = list(yaml.safe_load_all(rendered))
    same_as_demo(flat, sets["demo"])
    paths = json.load(urllib.request.urlopen(f"{url}/openapi.json"))["paths"]
    for name, docs in sets.items():
        try:
            schemas(docs)
            harmless(docs, demo=name in ("flat", "demo"))
            normal(docs)
            references(docs)
            hardened(docs)
            ports(docs, paths, url)
            connections(docs)
            memory(docs)
        except AssertionError as e:
            raise AssertionError(f"{name}: {e}") from e
    assert len([d for d in sets["demo"] if d["kind"] == "ConfigMap" and d["metadata"]["name"] != "ambrosia"]) == 1, "no hash"
    claim = yaml.safe_load((K8S / "producao-mysql/claim-backup.yaml").read_text())
    schemas([claim])
    backup = pod_of(find(sets["producao-mysql"], "CronJob", "mysql-backup"))["spec"]
    assert [v["persistentVolumeClaim"]["claimName"] for v in backup["volumes"] if "persistentVolumeClaim" in v] == [claim["metadata"]["name"]]
    backup = find(sets["producao-galera"], "Backup", "ambrosia")["spec"]
    assert backup["storage"]["volume"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    galera(sets["producao-galera"])
    for name in ("producao", "producao-mysql", "producao-galera"):
        assert settings(sets[name])["EXAMPLE_DATA"] == "false"
    metrics()
    print("the manifests are consistent with each other, the server and the database")


def schemas(docs):
    folder = pathlib.Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    versions = sorted(p.name.split("-")[0][1:] for p in folder.glob("*-local-strict"))
    # Sorting as text is correct, because all have two digits.
    assert versions[-1] == kubernetes_validate.latest_version(), versions
    for doc in docs:
        if not doc["apiVersion"].startswith(OPERATORS):
            for version in versions[-3:]:
                kubernetes_validate.validate(doc, version, strict=True)


def find(docs, kind, name):
    return next(d for d in docs if d["kind"] == kind and unhashed(d["metadata"]["name"]) == name)


def unhashed(name):
    return re.sub(r"-[0-9a-z]{10}$", "", name)


def pod_of(doc):
    spec = doc["spec"].get("jobTemplate", doc)["spec"]
    return spec["template"]


def pods(docs):
    return {d["metadata"]["name"]: pod_of(d) for d in docs if d["kind"] in ("Deployment", "StatefulSet", "CronJob")}


def made_by_operator(docs):
    """The labels of the pods that an operator makes of these."""
    return [{"app.kubernetes.io/name": "mariadb", "app.kubernetes.io/instance": doc["metadata"]["name"]} if doc["kind"] == "MariaDB"
            else doc["spec"]["podMetadata"]["labels"] for doc in docs if doc["kind"] in ("MariaDB", "Backup")]


def galera(docs):
    """All pods have the nodes in one order, one node may go at a time, and all pods fit one node."""
    name, spec, config = "mariadb", find(docs, "MariaDB", "mariadb")["spec"], settings(docs)
    assert config["MYSQL_HOST"] == ",".join(f"{name}-{n}.{name}-internal:3306" for n in range(spec["replicas"]))
    assert spec["replicas"] % 2 == 1 and spec["podDisruptionBudget"] == {"maxUnavailable": 1}
    assert spec["galera"]["enabled"] and spec["galera"]["recovery"]["enabled"] and spec["affinity"]["antiAffinityEnabled"]
    assert (spec["database"], spec["username"]) == (config["MYSQL_DATABASE"], config["MYSQL_USER"])
    assert spec["passwordSecretKeyRef"] == {"name": "mysql", "key": "MYSQL_PASS"}
    # Every rule that lets a pod reach a database names this one.
    reached = [to["podSelector"]["matchLabels"] for doc in docs if doc["kind"] == "NetworkPolicy" for rule in doc["spec"].get("egress", [])
               for to in rule["to"] if "k8s-app" not in str(to) and "podSelector" in to]
    assert reached and all(labels == {"app.kubernetes.io/name": name} for labels in reached), reached


def settings(docs):
    return find(docs, "ConfigMap", "ambrosia")["data"]


def same_as_demo(flat, demo):
    """The single files equal what `kubectl apply -k demo` applies."""
    def plain(docs):
        text = re.sub(r'("(?:ambrosia|mysql-demo))-[0-9a-z]{10}"', r'\1"', json.dumps(docs, sort_keys=True))
        return {(d["kind"], d["metadata"]["name"]): d for d in json.loads(text)}
    a, b = plain(flat), plain(demo)
    assert a.keys() == b.keys(), a.keys() ^ b.keys()
    for key in a:
        assert a[key] == b[key], f"{key}: k8s/*.yaml has\n{a[key]}\nand k8s/demo\n{b[key]}"


def harmless(docs, demo):
    for doc in docs:
        kind, name = doc["kind"], doc["metadata"]["name"]
        assert kind in NAMESPACED and "namespace" not in doc["metadata"], f"{kind} {name} reaches beyond one namespace"
        assert kind != "Secret" or (demo and unhashed(name) not in REAL_SECRETS), f"Secret {name} is overwritten and deleted"
        assert demo or "nodePort" not in json.dumps(doc), f"{name}: a port of every node is for trying out"
    # The claims of a StatefulSet are retained.
    for doc in docs:
        if doc["kind"] == "StatefulSet":
            assert doc["spec"]["volumeClaimTemplates"]
            assert set(doc["spec"]["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}


def normal(docs):
    """The form that the API server stores, so that `kubectl diff` is empty after an apply."""
    def walk(value, path):
        last = path[-1] if path else ""
        if isinstance(value, dict):
            assert value or last in ("emptyDir", "namespaceSelector", "podSelector"), f"{path}: empty"
            assert "stringData" not in value, f"{path}: stored as data"
            for k, v in value.items():
                walk(v, path + [k])
        elif isinstance(value, list):
            assert value, f"{path}: an empty list is not stored"
            names = [v["name"] for v in value if isinstance(v, dict) and "name" in v]
            assert len(names) == len(set(names)), f"{path}: {names}"
            for i, v in enumerate(value):
                walk(v, path + [i])
        else:
            assert value is not None, f"{path}: null"
            if len(path) > 2 and ("requests" in path[-2:-1] or "limits" in path[-2:-1]):
                assert canonical(str(value)), f"{path}: {value} is stored otherwise"
    for doc in docs:
        walk(doc, [doc["kind"], doc["metadata"]["name"]])


def canonical(quantity):
    number, unit = re.fullmatch(r"(\d+)(m|Ki|Mi|Gi|)", quantity).groups()
    return int(number) % {"m": 1000, "Ki": 1024, "Mi": 1024}.get(unit, 0x10000000) != 0


def references(docs):
    all_pods = pods(docs)
    for doc in docs:
        kind, spec = doc["kind"], doc.get("spec", {})
        if kind in ("Deployment", "StatefulSet"):
            assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
        chosen = {"Service": ["selector"], "PodDisruptionBudget": ["selector", "matchLabels"],
                  "NetworkPolicy": ["podSelector", "matchLabels"]}.get(kind)
        if chosen:
            labels = spec
            for key in chosen:
                labels = labels[key]
            fits = [p for p in [*all_pods.values(), *({"metadata": {"labels": made}} for made in made_by_operator(docs))]
                    if labels.items() <= p["metadata"]["labels"].items()]
            assert len(fits) == 1, f"{kind} {doc['metadata']['name']} selects {len(fits)} kinds of pod"
        if kind == "Service":
            names = [port["name"] for c in fits[0]["spec"]["containers"] for port in c["ports"]]
            assert all(port["targetPort"] in names for port in spec["ports"])
        if kind == "ServiceMonitor":
            labels = spec["selector"]["matchLabels"]
            service = [d for d in docs if d["kind"] == "Service" and labels.items() <= d["metadata"].get("labels", {}).items()]
            assert len(service) == 1 and service[0]["spec"]["publishNotReadyAddresses"]
            assert all(e["port"] in [p["name"] for p in service[0]["spec"]["ports"]] for e in spec["endpoints"])
        if kind == "Ingress":
            for path in (p for rule in spec["rules"] for p in rule["http"]["paths"]):
                service = path["backend"]["service"]
                assert service["port"]["name"] in [p["name"] for p in find(docs, "Service", service["name"])["spec"]["ports"]]
            assert {r["host"] for r in spec["rules"]} == {h for t in spec["tls"] for h in t["hosts"]}
            assert all(t["secretName"] in REAL_SECRETS for t in spec["tls"])

    hpa = next(d for d in docs if d["kind"] == "HorizontalPodAutoscaler")["spec"]
    assert hpa["scaleTargetRef"]["name"] in all_pods
    keys = {("Secret", name): known for name, known in REAL_SECRETS.items()}
    keys |= {(d["kind"], d["metadata"]["name"]): set(d["data"]) for d in docs if d["kind"] in ("ConfigMap", "Secret")}
    demo = any(d["kind"] == "Secret" for d in docs)
    for name, pod in all_pods.items():
        for c in pod["spec"]["containers"]:
            for env in (e for e in c.get("env", []) if "valueFrom" in e):
                source = env["valueFrom"]
                kind = "Secret" if "secretKeyRef" in source else "ConfigMap"
                ref = source.get("secretKeyRef") or source["configMapKeyRef"]
                assert ref["key"] in keys[kind, ref["name"]], f"{name}: {env['name']}"
                assert demo or not ref.get("optional"), f"{name} starts without {ref['name']}"
            for source in c.get("envFrom", []):
                ref = source.get("configMapRef") or source["secretRef"]
                kind = "ConfigMap" if "configMapRef" in source else "Secret"
                assert (kind, ref["name"]) in keys, f"{name}: {ref['name']}"
                assert demo or not ref.get("optional"), f"{name} starts without {ref['name']}"
    if demo:
        # One password for both sides, which says that it must be changed.
        example = next(d for d in docs if d["kind"] == "Secret")["data"]
        assert len(set(example.values())) == 1 and b"troque" in base64.b64decode(example["MYSQL_PASS"])

    # The program knows all settings.
    source = re.sub(r"\(\s+", "(", (ROOT / "src/config/variables.rs").read_text())
    unknown = [name for name in settings(docs) if f'("{name}"' not in source]
    assert not unknown, f"not in config::VARIABLES: {unknown}"
    if "mysql" in all_pods:
        assert settings(docs)["MYSQL_HOST"] == find(docs, "Service", "svc-mysql")["metadata"]["name"]


def hardened(docs):
    for name, pod in pods(docs).items():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False and spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", name
        for c in spec["containers"]:
            security = c["securityContext"]
            assert security["readOnlyRootFilesystem"] and security["capabilities"]["drop"] == ["ALL"], name
            assert not security["allowPrivilegeEscalation"] and c["resources"]["limits"]["memory"], name


def ports(docs, paths, url):
    """Only the public port is exposed; probes and metrics have their own port."""
    pod = pods(docs)["ambrosia"]
    backend = pod["spec"]["containers"][0]
    numbers = {p["name"]: p["containerPort"] for p in backend["ports"]}
    assert numbers == {"http": 31000, "ops": int(settings(docs)["OPS_PORT"])}, numbers
    assert pod["metadata"]["annotations"]["prometheus.io/port"] == settings(docs)["OPS_PORT"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        get = backend[probe]["httpGet"]
        assert get["port"] == "ops" and "get" in paths[get["path"]]
        assert urllib.request.urlopen(url + get["path"]).status == 200
    service = find(docs, "Service", "svc-backend")["spec"]
    assert [(p["port"], p["targetPort"]) for p in service["ports"]] == [(31000, "http")]
    assert service["type"] == "ClusterIP" or service["ports"][0]["nodePort"] == 31000
    labels = pod["metadata"]["labels"]
    opened = {}
    for doc in docs:
        if doc["kind"] == "NetworkPolicy" and doc["spec"]["podSelector"]["matchLabels"].items() <= labels.items():
            for rule in doc["spec"].get("ingress", []):
                for port in rule["ports"]:
                    opened.setdefault(port["port"], []).append(rule.get("from"))
    assert opened["http"] == [None] and len(opened) == 2
    assert opened["ops"] == [[{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]]


def connections(docs):
    """The database has enough connections for all pods that can be alive at once, including those that are being stopped."""
    deployment, config = find(docs, "Deployment", "ambrosia")["spec"], settings(docs)
    hpa = next(d for d in docs if d["kind"] == "HorizontalPodAutoscaler")["spec"]
    rolling, pod = deployment["strategy"]["rollingUpdate"], deployment["template"]["spec"]
    assert "replicas" not in deployment and rolling["maxUnavailable"] == 0
    assert hpa["minReplicas"] >= 2 and hpa["maxReplicas"] == 20
    pdb = next(d for d in docs if d["kind"] == "PodDisruptionBudget")["spec"]
    assert pdb["maxUnavailable"] == 1
    grace, surge = pod["terminationGracePeriodSeconds"], rolling["maxSurge"]
    assert (int(config["DRAIN_MS"]) + int(config["GRACE_MS"])) / 1000 < grace
    # A pod that is being stopped keeps its connections for the grace period. Pods stopped in that time: by a rollout, by the
    # autoscaler, and one by the drain of a node.
    rollout = math.ceil(grace / deployment["minReadySeconds"]) * surge
    down = hpa["behavior"]["scaleDown"]["policies"]
    assert all(p["type"] == "Percent" and p["periodSeconds"] >= grace for p in down)
    scaled = math.ceil(hpa["maxReplicas"] * max(p["value"] for p in down) / 100)
    most = hpa["maxReplicas"] + surge + rollout + scaled + pdb["maxUnavailable"]
    each = int(config["POOL_SIZE"]) + 2  # one for the probe, one while migrating
    if "max_connections" in mysql_args(docs):
        limit, reserve = int(mysql_args(docs)["max_connections"]), 20
        assert most * each + reserve <= limit, f"{most} pods of {each} connections and {reserve} > {limit}"


def mysql_args(docs):
    """Of the database's pod, or of a node of the cluster; empty where it is elsewhere."""
    lines = [arg for name, pod in pods(docs).items() if name == "mysql" for arg in pod["spec"]["containers"][0]["args"]]
    lines += [line for doc in docs if doc["kind"] == "MariaDB" for line in doc["spec"]["myCnf"].splitlines() if "=" in line]
    return {name.removeprefix("--").replace("-", "_"): value for name, value in (line.split("=", 1) for line in lines)}


def memory(docs):
    mib = lambda q: int(q[:-2]) * {"Mi": 1, "Gi": 1024}[q[-2:]]
    backend, config = pods(docs)["ambrosia"]["spec"]["containers"][0], settings(docs)
    wanted, limit = (mib(backend["resources"][k]["memory"]) for k in ("requests", "limits"))
    # At work (tests/hostile/memory.rs, many_pages_of_long_orders_at_once, holds work and budget to it), and for each open
    # connection, see deployment-backend.yaml.
    work, thread, listener = 73, 88 / 1024, 42 / 1024
    assert wanted >= work
    full = work + int(config["MAX_BUFFERED_BYTES"]) / MIB + int(config["MAX_CONNECTIONS"]) * thread
    full += int(config["MAX_LISTENERS"]) * listener
    assert full <= limit, f"{full:.0f} MiB > {limit}"
    args = mysql_args(docs)
    if args:
        database = [pods(docs)["mysql"]["spec"]["containers"][0]] if "mysql" in pods(docs) else [find(docs, "MariaDB", "mariadb")["spec"]]
        wanted, limit = (mib(database[0]["resources"][k]["memory"]) for k in ("requests", "limits"))
        pool = int(args["innodb_buffer_pool_size"].removesuffix("M"))
        # Measured on MySQL 9.7: 1.17 GiB with a full pool of 640 M and 316 connections that had worked.
        need = pool + 300 + int(args["max_connections"]) * 0.8
        assert pool < wanted < need <= limit, f"{need:.0f} MiB of {limit}"
    if "mysql" in pods(docs):
        assert int(args["binlog_expire_logs_seconds"]) <= 3 * 86400


def metrics():
    """Rules and dashboard use existing metrics. Metrics without a value are not exposed, so the names come from the source."""
    source = "".join(file.read_text() for file in (ROOT / "src/metrics").glob("*.rs"))
    known = {f"ambrosia_{name}" for name in re.findall(r'register\(\s*"(\w+)"', source)}
    for name, unit in re.findall(r'register_with_unit\(\s*"(\w+)".*?Unit::(\w+)', source, re.S):
        known.add(f"ambrosia_{name}_{unit.lower()}")
    monitoring = ROOT / "monitoring"
    for file in [*monitoring.glob("alerts*.yaml"), monitoring / "dashboard.json"]:
        for name in re.findall(r"ambrosia_\w+", file.read_text()):
            base = re.sub(r"_(total|count|sum|bucket)$", "", name)
            assert base in known or base.removesuffix("_info") in known, f"{file.name}: {name}"
    json.loads((monitoring / "dashboard.json").read_text())
    assert len(known) > 12
    made = subprocess.run([monitoring / "prometheusrule"], check=True, capture_output=True, text=True).stdout
    rule = K8S / "producao/prometheusrule.yaml"
    assert rule.read_text() == made, f"monitoring/prometheusrule >{rule.relative_to(ROOT)}"
    assert yaml.safe_load(made)["spec"] == yaml.safe_load((monitoring / "alerts.yaml").read_text())


main(*sys.argv[1:])
