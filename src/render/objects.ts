/**
 * The part of Kubernetes' API that a site is rendered to. Field names and meanings are Kubernetes' own, so that the same objects
 * go to a real API server later; the podman engine realizes the same fields with containers, volumes and networks.
 */
export interface ObjectMeta {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An environment variable: literal, or by reference to a Secret's key. Rendered objects never carry a secret value. */
export type EnvVar =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly valueFrom: { readonly secretKeyRef: { readonly name: string; readonly key: string } } };

/** A health check. Ports are container ports; times are seconds. */
export interface Probe {
  readonly httpGet: {
    readonly path: string;
    readonly port: number;
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
  };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

/** A check by TCP connection, for servers that don't speak HTTP. */
export interface TcpProbe {
  readonly tcpSocket: { readonly port: number };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

/** A check by a program in the container: healthy when it exits with 0. */
export interface ExecProbe {
  readonly exec: { readonly command: readonly string[] };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

export type AnyProbe = Probe | TcpProbe | ExecProbe;

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
  /** A directory or file of the volume instead of its root. */
  readonly subPath?: string;
}

export interface Container {
  readonly name: string;
  /** Image reference, pinned: by digest, or by a content-addressed name of the machine's own storage. */
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env: readonly EnvVar[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly VolumeMount[];
  readonly resources: { readonly limits: { readonly memory?: string; readonly cpu?: string } };
  readonly securityContext: {
    readonly runAsUser: number;
    readonly runAsGroup: number;
    readonly readOnlyRootFilesystem: boolean;
    readonly allowPrivilegeEscalation: false;
    readonly capabilities: { readonly drop: readonly ["ALL"] };
  };
  readonly startupProbe?: AnyProbe;
  readonly readinessProbe?: AnyProbe;
  readonly livenessProbe?: AnyProbe;
  /** `sleep` before the stop signal, so that the way in forgets the pod first (M2 of the reliability list). */
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  /** The image's STOPSIGNAL, repeated because engines can override it. */
  readonly stopSignal: "SIGQUIT" | "SIGTERM";
}

/** Who provides the volumes of compiled code. */
export const OPCACHE_DRIVER = "opcache.howdah.dev";

export type Volume =
  | { readonly name: string; readonly emptyDir: { readonly medium: "Memory"; readonly sizeLimit: string } }
  /** On disk, gone with the pod. */
  | { readonly name: string; readonly emptyDir: { readonly sizeLimit: string } }
  | { readonly name: string; readonly configMap: { readonly name: string } }
  /** Files of several ConfigMaps in one directory: on a cluster, where one holds at most 1 MiB. */
  | { readonly name: string; readonly projected: { readonly sources: readonly { readonly configMap: { readonly name: string } }[] } }
  | { readonly name: string; readonly secret: { readonly secretName: string } }
  | { readonly name: string; readonly persistentVolumeClaim: { readonly claimName: string } }
  /** A directory of the machine that Howdah itself keeps (`deploy --watch`), mounted read-only; no site file can name one. */
  | { readonly name: string; readonly hostPath: { readonly path: string; readonly type: "Directory" } }
  /** Code that opcache has compiled, kept by the machine (an inline CSI volume): the same for all pods of one image and its settings. */
  | {
      readonly name: string;
      readonly csi: {
        readonly driver: typeof OPCACHE_DRIVER;
        readonly readOnly: true;
        /** `timestamps`: whether PHP looks at a file's time before it takes what is compiled. */
        readonly volumeAttributes: { readonly image: string; readonly settings: string; readonly timestamps: "checked" | "ignored" };
      };
    };

export interface PodSpec {
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
  /** Seconds between the stop signal (after preStop) and SIGKILL. */
  readonly terminationGracePeriodSeconds: number;
  readonly restartPolicy: "Always";
  readonly automountServiceAccountToken: false;
  /** Names in the pod's hosts file. */
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames: readonly string[] }[];
  /** Kernel settings of the pod's network that Kubernetes calls safe. */
  readonly securityContext?: { readonly sysctls: readonly { readonly name: string; readonly value: string }[] };
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

/** Files. Keys are file names; a key may not hold `/` (Kubernetes), so a path's `/` is written `--` and items map it back by subPath. */
export interface ConfigMap {
  readonly apiVersion: "v1";
  readonly kind: "ConfigMap";
  readonly metadata: ObjectMeta;
  readonly data: Readonly<Record<string, string>>;
}

/** Data. Lives apart from the application: no plan ever deletes one. */
export interface PersistentVolumeClaim {
  readonly apiVersion: "v1";
  readonly kind: "PersistentVolumeClaim";
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly accessModes: readonly ("ReadWriteOnce" | "ReadWriteMany")[];
    readonly resources: { readonly requests: { readonly storage: string } };
    /** Of an environment's on a cluster: where copies of its snapshot can be. Left out: as the cluster's settings say. */
    readonly storageClassName?: string;
    /** What it is when it is made: a copy of this snapshot. Left out: empty. */
    readonly dataSource?: VolumeSnapshotReference;
  };
}

/** A snapshot in the storage of datasets, as Kubernetes names one. */
export interface VolumeSnapshotReference {
  readonly apiGroup: "snapshot.storage.k8s.io";
  readonly kind: "VolumeSnapshot";
  readonly name: string;
}

/** A stateless component: replicas of a pod, replaced new beside old. */
export interface Deployment {
  readonly apiVersion: "apps/v1";
  readonly kind: "Deployment";
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly strategy: {
      readonly type: "RollingUpdate";
      readonly rollingUpdate: { readonly maxSurge: string; readonly maxUnavailable: 0 };
    };
    readonly progressDeadlineSeconds: number;
    readonly template: PodTemplate;
  };
}

/** A component with data of its own: never two at once on one volume. */
export interface StatefulSet {
  readonly apiVersion: "apps/v1";
  readonly kind: "StatefulSet";
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly replicas: 1;
    readonly serviceName: string;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: PodTemplate;
  };
}

/** A name on the network for the ready pods of a selector. */
export interface Service {
  readonly apiVersion: "v1";
  readonly kind: "Service";
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: number; readonly appProtocol?: string }[];
  };
}

/** The way in: hostnames to a Service. `tls` is left out for plain HTTP. */
export interface HttpRoute {
  readonly apiVersion: "gateway.networking.k8s.io/v1";
  readonly kind: "HTTPRoute";
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly hostnames: readonly string[];
    readonly rules: readonly { readonly backendRefs: readonly { readonly name: string; readonly port: number }[] }[];
  };
}

/**
 * Who may connect to whom. Everything is denied but this: ingress to the pods of `podSelector` from pods of the `from` selectors.
 * The podman engine realizes it by joining networks: every site has an isolated network of its own. One of `Egress` closes the way out of
 * a whole namespace but to the servers that its annotation `connects-to` names.
 */
export interface NetworkPolicy {
  readonly apiVersion: "networking.k8s.io/v1";
  readonly kind: "NetworkPolicy";
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly policyTypes: readonly ["Ingress"] | readonly ["Egress"];
    readonly ingress: readonly {
      readonly from: readonly {
        readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
        readonly namespaceSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
      }[];
      readonly ports: readonly { readonly port: number }[];
    }[];
  };
}

export type Manifest = ConfigMap | PersistentVolumeClaim | Deployment | StatefulSet | Service | HttpRoute | NetworkPolicy;

/** `Deployment/blog`: kind and name, unique in a namespace. */
export type ObjectKey = `${Manifest["kind"]}/${string}`;

/** An object with the digest of its canonical JSON (sorted keys): equal digest means nothing to do. */
export interface Rendered<M extends Manifest = Manifest> {
  readonly key: ObjectKey;
  /** sha256 in hex. */
  readonly digest: string;
  readonly object: M;
  /**
   * Of a Deployment whose pods alone answer no page: the one whose pod is tried in the place of theirs before they are replaced. It is never
   * put anywhere. An engine may leave it aside.
   */
  readonly trial?: Deployment;
}
