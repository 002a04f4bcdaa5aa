import {
  CONNECTS_ANNOTATION,
  ENVIRONMENT_OF_ANNOTATION,
  HEALTH_ANNOTATION,
  IDLE_ANNOTATION,
  LABEL_PREFIX,
  MOST_REPLICAS_ANNOTATION,
  TENANT_ANNOTATION,
  WAKES_ANNOTATION,
  WORKERS_ANNOTATION,
} from "../../kernel/label.ts";
import { ACCESS_SECRET } from "../../kernel/own-names.ts";
import type { Site } from "../../site/site.ts";
import { renderEnvironmentServer } from "../database/render-environment-server.ts";
import { labelsFor, selectorFor } from "../labels.ts";
import { renderMailNetwork, renderMailVolume } from "../mail/caught-mail.ts";
import type { ConfigMap, Container, Deployment, HttpRoute, Manifest, NetworkPolicy, Rendered, Service, Volume } from "../objects.ts";
import { rendered } from "../rendered.ts";
import { renderOutgoingPolicy } from "./render-outgoing-policy.ts";
import { renderSessionServer } from "../sessions/render-session-server.ts";
import { CONFIG_MAP_BYTES, configMaps, filesVolume } from "./config-maps.ts";
import {
  ACCESS_VOLUME,
  DRAIN_SECONDS,
  phpContainer,
  statusContainer,
  trialWebContainer,
  WEB_PORT,
  webContainer,
  workerContainer,
} from "./render-containers.ts";
import { FPM_PORT, hasStatusContainer, renderFiles, type SiteFiles } from "./render-files.ts";
import type { RenderInput } from "./render-input.ts";
import {
  type DataVolumes,
  renderClaims,
  renderDataVolumes,
  renderLiveCode,
  renderOpcacheVolume,
  renderSessions,
} from "./render-volumes.ts";

interface Part {
  readonly component: string;
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
  readonly replicas: number;
  /** What is tried in its place. */
  readonly trial?: Pick<Part, "containers" | "volumes">;
}

/** Where nginx is: the site's health path under its own name, asked of each new release before it replaces one that serves. */
function healthOf(site: Site, part: Part, input: RenderInput): Readonly<Record<string, string>> {
  // Behind a password everybody is refused who does not know it, and no object carries it.
  if (!part.containers.some((container) => container.name === "web") || site.preview?.password === true) return {};
  return { [HEALTH_ANNOTATION]: `${input.url}${site.web.healthPath}` };
}

/** On a cluster, where whatever a pod connects to must be allowed: servers that the site names, the database's if it has one. */
function connectsTo(site: Site, { database, serviceDomain }: RenderInput): Readonly<Record<string, string>> {
  const servers = [...site.relationships, ...(database === null ? [] : [database])].map(({ host, port }) => `${host}:${String(port)}`);
  if (serviceDomain === undefined || servers.length === 0) return {};
  // A policy judges where a connection arrives, which is behind the Service that its host name is of.
  return { [CONNECTS_ANNOTATION]: [...new Set([...servers, ...(database?.behind ?? [])])].sort().join(" ") };
}

/** How far the parts that visitors reach may grow, and by what it is judged; workers stay as many as the file says. */
function growthOf(site: Site, { component, containers }: Part): Readonly<Record<string, string>> {
  const { runtime } = site;
  if (!["web", "php"].includes(component)) return {};
  const { max } = component === "web" ? webScale(site) : site.scale;
  if (max === undefined) return {};
  const hasPhp = containers.some(({ name }) => name === "php");
  return {
    [MOST_REPLICAS_ANNOTATION]: String(max),
    ...(hasPhp && runtime !== null ? { [WORKERS_ANNOTATION]: String(runtime.fpm.maxChildren) } : {}),
  };
}

/** Of nginx where it has pods of its own (R-A3), unless the file says nothing of it. */
function webScale({ scale, topology }: Site): { readonly replicas: number; readonly max?: number } {
  return (topology === "apart" ? scale.web : undefined) ?? scale;
}

/** nginx alone asks nobody for sessions, and sends no mails. */
function runsPrograms({ containers }: Part): boolean {
  return containers.some(({ name }) => name !== "web");
}

function environmentOf({ preview }: Site): Readonly<Record<string, string>> {
  return preview === undefined ? {} : { [ENVIRONMENT_OF_ANNOTATION]: preview.of };
}

function deployment(site: Site, part: Part, input: RenderInput): Deployment {
  const annotations = { ...healthOf(site, part, input), ...connectsTo(site, input), ...growthOf(site, part), ...environmentOf(site) };
  const grace = DRAIN_SECONDS + (site.runtime?.fpm.requestTimeoutSeconds ?? 10) + 5;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: part.component,
      labels: labelsFor(site, part.component),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      replicas: part.replicas,
      selector: { matchLabels: selectorFor(site, part.component) },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "30%", maxUnavailable: 0 } },
      progressDeadlineSeconds: site.rollout.timeoutSeconds,
      template: {
        metadata: {
          labels: labelsFor(site, part.component),
          annotations: {
            [`${LABEL_PREFIX}/secrets`]: input.secretsDigest,
            [`${LABEL_PREFIX}/release`]: input.releaseId,
            ...(runsPrograms(part) && input.sessions != null ? { [`${LABEL_PREFIX}/sessions`]: input.sessions.secretDigest } : {}),
          },
        },
        spec: {
          initContainers: [],
          containers: part.containers,
          volumes: part.volumes,
          terminationGracePeriodSeconds: grace,
          restartPolicy: "Always",
          automountServiceAccountToken: false,
          ...(runsPrograms(part) ? renderMailNetwork(site) : {}),
        },
      },
    },
  };
}

function scratchVolumes(): Volume[] {
  return [
    { name: "run", emptyDir: { medium: "Memory", sizeLimit: "256Mi" } },
    { name: "tmp", emptyDir: { sizeLimit: "1Gi" } },
  ];
}

function parts(site: Site, input: RenderInput, maps: { readonly nginx: readonly ConfigMap[]; readonly php: ConfigMap | null }): Part[] {
  const data = joined(joined(renderDataVolumes(site, false), renderSessions(site)), renderMailVolume(site));
  const writing = joined(renderLiveCode("php", input.live?.php), data);
  const reading = joined(renderLiveCode("web", input.live?.web), renderDataVolumes(site, true));
  const nginx: Volume[] = [
    filesVolume("nginx", maps.nginx),
    ...(site.tls.mode === "secret" ? [{ name: "tls", secret: { secretName: site.tls.secret } }] : []),
    ...(site.preview?.password === true ? [{ name: ACCESS_VOLUME, secret: { secretName: ACCESS_SECRET } }] : []),
  ];
  const web = webContainer(site, input, reading.mounts);
  if (site.runtime === null || maps.php === null) {
    return [
      { component: "web", containers: [web], volumes: [...scratchVolumes(), ...nginx, ...reading.volumes], replicas: site.scale.replicas },
    ];
  }
  const php = phpContainer(site, input, writing.mounts);
  const phpVolumes: Volume[] = [...scratchVolumes(), { name: "php", configMap: { name: maps.php.metadata.name } }, ...writing.volumes];
  const servingVolumes: Volume[] = [...phpVolumes, ...renderOpcacheVolume(site, php.image, maps.php.data["php.ini"] ?? "")];
  const workers = site.workers.map(
    (worker): Part => ({
      component: `worker-${worker.name}`,
      containers: [workerContainer(php, worker.argv)],
      volumes: phpVolumes,
      replicas: worker.replicas,
    }),
  );
  const liveWeb = renderLiveCode("web", input.live?.web).volumes; // the data volumes of both are the same
  const together = [...servingVolumes, ...nginx, ...liveWeb];
  if (site.topology === "apart") {
    const alone = { ...php, readinessProbe: { tcpSocket: { port: FPM_PORT }, periodSeconds: 1, timeoutSeconds: 3, failureThreshold: 3 } };
    return [
      {
        component: "php",
        containers: [alone, ...(hasStatusContainer(site, input) ? [statusContainer(input)] : [])],
        volumes: servingVolumes,
        replicas: site.scale.replicas,
        trial: { containers: [alone, trialWebContainer(web)], volumes: together },
      },
      {
        ...{ component: "web", containers: [web], volumes: [...scratchVolumes(), ...nginx, ...reading.volumes] },
        replicas: webScale(site).replicas,
      },
      ...workers,
    ];
  }
  return [{ component: "web", containers: [php, web], volumes: together, replicas: site.scale.replicas }, ...workers];
}

function joined(code: DataVolumes, data: DataVolumes): DataVolumes {
  return { volumes: [...code.volumes, ...data.volumes], mounts: [...code.mounts, ...data.mounts] };
}

function service(site: Site, component: string, port: number, appProtocol?: string): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: component, labels: labelsFor(site, component) },
    spec: {
      selector: selectorFor(site, component),
      ports: [{ name: component, port, targetPort: port, ...(appProtocol === undefined ? {} : { appProtocol }) }],
    },
  };
}

/** On the way in, which knows the visits: a change of it replaces no pod. */
function idleOf({ scale: { idle } }: Site): Readonly<Record<string, string>> {
  return idle === null ? {} : { [IDLE_ANNOTATION]: String(idle.afterSeconds), [WAKES_ANNOTATION]: idle.wakes };
}

function tenantOf({ tenant }: Site): Readonly<Record<string, string>> {
  return tenant === undefined ? {} : { [TENANT_ANNOTATION]: tenant.name };
}

function route(site: Site): HttpRoute {
  const tls = site.tls.mode === "off" ? {} : { [`${LABEL_PREFIX}/tls`]: site.tls.mode === "secret" ? site.tls.secret : "local" };
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: {
      name: "web",
      labels: labelsFor(site, "web"),
      annotations: { ...tls, ...idleOf(site), ...tenantOf(site), [`${LABEL_PREFIX}/max-body-bytes`]: String(site.web.maxBodyBytes) },
    },
    spec: { hostnames: site.hostnames, rules: [{ backendRefs: [{ name: "web", port: WEB_PORT }] }] },
  };
}

/** Only nginx of the same site reaches PHP-FPM: whoever can connect to port 9000 can run any PHP (M9). */
function fpmPolicy(site: Site): NetworkPolicy {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "php-from-web", labels: labelsFor(site, "php") },
    spec: {
      podSelector: { matchLabels: selectorFor(site, "php") },
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector: { matchLabels: selectorFor(site, "web") } }], ports: [{ port: FPM_PORT }] }],
    },
  };
}

/** Of an environment, whose server belongs to nobody else. */
export function renderOwnServer(site: Site, { database, serviceDomain }: Pick<RenderInput, "database" | "serviceDomain">): Manifest[] {
  if (site.preview === undefined || database?.own === undefined) return [];
  const isClosed = serviceDomain !== undefined;
  return renderEnvironmentServer(site, { ...database.own, memoryBytes: site.preview.databaseBytes, isClosed });
}

/** Everything that a site is in an engine, from the resolved site and facts alone: same input, same objects, whatever the order of its keys. */
export function renderSite(site: Site, input: RenderInput, files: SiteFiles = renderFiles(site, input)): Rendered[] {
  const nginx = configMaps(site, "nginx", files.nginx, input.serviceDomain === undefined ? undefined : CONFIG_MAP_BYTES);
  const [php = null] = files.php === null ? [] : configMaps(site, "php", files.php); // a few kB, whatever the site
  const apart = site.runtime !== null && site.topology === "apart";
  const workloads = parts(site, input, { nginx, php });
  const objects: Manifest[] = [
    ...renderClaims(site),
    ...renderOutgoingPolicy(site),
    ...renderOwnServer(site, input),
    ...nginx,
    ...(php === null ? [] : [php]),
    ...(input.sessions == null || site.runtime === null ? [] : renderSessionServer(site, input.sessions, input.sessionsInMemory === true)),
    ...(apart ? [fpmPolicy(site), service(site, "php", FPM_PORT, "fastcgi")] : []),
    service(site, "web", WEB_PORT, "http"),
    ...workloads.map((part) => deployment(site, part, input)),
    route(site),
  ];
  const trials = new Map(
    workloads.flatMap((part) => (part.trial === undefined ? [] : [[part.component, deployment(site, { ...part, ...part.trial }, input)]])),
  );
  return objects.map((object) => {
    const trial = object.kind === "Deployment" ? trials.get(object.metadata.name) : undefined;
    return { ...rendered(object), ...(trial === undefined ? {} : { trial }) };
  });
}
