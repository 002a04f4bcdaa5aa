import { join } from "node:path";
import { startDaemon } from "./machine.ts";
import { keyPair, serviceAccountPublicKey, writeKubeconfig } from "./pki.ts";
import type { Settings } from "./settings.ts";

/**
 * Starts etcd and the API server, and when `untilReady` says that it answers, the controllers and the scheduler: those end when they meet no
 * API server for some seconds. `kubernetes` is the path of our binary.
 */
export async function startControlPlane(settings: Settings, kubernetes: string, untilReady: () => Promise<void>): Promise<void> {
  const start = (name: string, flags: Readonly<Record<string, string>>) =>
    startDaemon(settings, settings.control.name, name, [
      kubernetes,
      name,
      ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    ]);
  await start("etcd", etcdFlags(settings));
  await start("kube-apiserver", apiServerFlags(settings));
  await untilReady();
  await start("kube-controller-manager", controllerFlags(settings, await writeKubeconfig(settings, "controller-manager")));
  await start("kube-scheduler", schedulerFlags(await writeKubeconfig(settings, "scheduler")));
}

const ETCD = "http://127.0.0.1:2379";

/** On the machine's own loopback, which nobody else can reach. Nothing is synced to disk: what a test cluster knows need not survive a power cut of the host. */
function etcdFlags(settings: Settings): Readonly<Record<string, string>> {
  return {
    "data-dir": join(settings.directory, "etcd"),
    "listen-client-urls": ETCD,
    "advertise-client-urls": ETCD,
    "listen-peer-urls": "http://127.0.0.1:2380",
    "unsafe-no-fsync": "true",
    "quota-backend-bytes": String(8 * 1024 ** 3),
    "log-level": "warn",
  };
}

function apiServerFlags(settings: Settings): Readonly<Record<string, string>> {
  const ca = keyPair(settings, "ca").cert;
  const serving = keyPair(settings, "apiserver");
  const toKubelets = keyPair(settings, "apiserver-kubelet");
  const toAggregated = keyPair(settings, "front-proxy");
  return {
    "etcd-servers": ETCD,
    "bind-address": "0.0.0.0",
    "advertise-address": settings.control.address,
    "secure-port": "6443",
    "tls-cert-file": serving.cert,
    "tls-private-key-file": serving.key,
    "client-ca-file": ca,
    "kubelet-certificate-authority": ca,
    "kubelet-client-certificate": toKubelets.cert,
    "kubelet-client-key": toKubelets.key,
    "kubelet-preferred-address-types": "InternalIP",
    "authorization-mode": "Node,RBAC",
    // The last two let a namespace's annotations say on which nodes its pods run: those of scale tests on nodes that are only played (kwok).
    "enable-admission-plugins": "NodeRestriction,PodNodeSelector,PodTolerationRestriction",
    "allow-privileged": "true",
    "service-cluster-ip-range": settings.serviceNetwork,
    "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
    "service-account-key-file": serviceAccountPublicKey(settings),
    "service-account-signing-key-file": keyPair(settings, "service-account").key,
    // For APIs that a pod serves (metrics): asked at the pods' addresses, since the control plane has no kube-proxy.
    "enable-aggregator-routing": "true",
    "requestheader-client-ca-file": keyPair(settings, "front-proxy-ca").cert,
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-username-headers": "X-Remote-User",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "proxy-client-cert-file": toAggregated.cert,
    "proxy-client-key-file": toAggregated.key,
    profiling: "false",
  };
}

/** A node that is silent for 12 s is lost, instead of 50: tests of lost nodes wait for it. */
function controllerFlags(settings: Settings, kubeconfig: string): Readonly<Record<string, string>> {
  const ca = keyPair(settings, "ca");
  return {
    kubeconfig,
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "cluster-cidr": settings.podNetwork,
    "allocate-node-cidrs": "false",
    "cluster-signing-cert-file": ca.cert,
    "cluster-signing-key-file": ca.key,
    "root-ca-file": ca.cert,
    "service-account-private-key-file": keyPair(settings, "service-account").key,
    "use-service-account-credentials": "true",
    "node-monitor-grace-period": "12s",
    "node-monitor-period": "2s",
    "leader-elect": "false",
    "kube-api-qps": "300",
    "kube-api-burst": "600",
    profiling: "false",
  };
}

function schedulerFlags(kubeconfig: string): Readonly<Record<string, string>> {
  return { kubeconfig, "leader-elect": "false", "kube-api-qps": "300", "kube-api-burst": "600", profiling: "false" };
}
