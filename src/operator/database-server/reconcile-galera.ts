import { defaultMariadb } from "../../catalog/mariadb-versions.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import type { RecoveryDecision } from "../../plan/galera/decide-recovery.ts";
import type { NodeFacts } from "../../plan/galera/node-facts.ts";
import type { Stillness } from "../../plan/galera/stillness.ts";
import { bytesOfQuantity } from "../../render/cluster/quantity.ts";
import { galeraName, galeraNodeNames, type GaleraServer, renderGalera } from "../../render/galera/render-galera.ts";
import type { DatabaseServerSpec, DatabaseServerStatus } from "../../resources/schema/database-server.ts";
import { serversPullAsOperator } from "../../workflows/cluster/pull-secret.ts";
import { healGalera } from "../../workflows/galera/heal-galera.ts";
import type { DatabaseServerDocument } from "../../workflows/database-server/database-server-document.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import { statusOf, type Verdict } from "../status.ts";
import { galeraChoice } from "./galera-choice.ts";
import { galeraMemory } from "./galera-memory.ts";
import { galeraPods } from "./galera-pods.ts";
import { askWriter } from "../../workflows/database-server/keep-routers.ts";
import { placeRouter, type RouterLook } from "./galera-router.ts";
import { placeObjects } from "./place-objects.ts";
import { type LookAtServer, type ServerLook, stalledBy } from "./server-look.ts";

/** How often a cluster is looked at: one that is well, and one that is not. Nobody tells of a server that lost its majority. */
const WELL_MS = 10_000;
const UNWELL_MS = 2000;

/**
 * Brings the nodes of a Galera cluster to what a DatabaseServer asks for, and back when they lost their majority or all ended. What it waits for
 * between looks is kept in this process alone: another operator waits anew.
 */
export function reconcileGalera(ports: OperatorPorts): LookAtServer {
  const before = new Map<string, { readonly still: Stillness; readonly did: string }>();
  return async (object, spec, signal) => {
    const server = serverOf(object, spec, ports);
    if (server === undefined) return withoutImage;
    if (RESERVED.test(server.name)) return { verdicts: nameTaken(server.name), again: 300_000 };
    // What the API server refuses (a volume's size, once it is there) must not keep nodes from being healed.
    const refused = await place(server, ports, signal).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof HowdahError && error.code === "cluster/rejected") return error;
        throw error;
      },
    );
    const { api, clock } = ports;
    const memory = galeraMemory(api, server.name);
    const nodes = galeraPods(api, galeraNodeNames(server));
    const given = { memory: await memory.read(signal), still: before.get(server.name)?.still, choice: galeraChoice(object) };
    const look = await healGalera({ nodes, clock, save: (one) => memory.save(one) }, given, signal);
    const { decision } = look;
    // A node takes a moment to obey: the same order is given again meanwhile, and told once.
    const did = JSON.stringify(decision.action);
    if (before.get(server.name)?.did !== did) await tellOf(object, decision, ports);
    before.set(server.name, { still: look.still, did });
    const version = versionOf(look.nodes);
    const router = await placeRouter(server, documentOf(object, spec), ports, signal);
    const writer = serves(decision) ? await askWriter(galeraNodeNames(server), api, signal) : undefined;
    const isWell = decision.state === "Healthy" && router.trouble?.some(({ reason }) => reason === "RouterNotReady") !== true;
    return {
      verdicts: [
        ...(refused === undefined ? withRouter(verdictsOf(decision), router) : stalledBy("PartsRefused", refused.message)),
        ...(router.inStep === undefined ? [] : [router.inStep]),
      ],
      state: decision.state,
      ...(version === undefined ? {} : { version }),
      ...(writer === undefined ? {} : { writer }),
      again: isWell ? WELL_MS : UNWELL_MS,
    };
  };
}

/** Names under which other Services are in `howdah-system`. */
const RESERVED = /^(mariadb|howdah)-/;

function nameTaken(name: string): readonly Verdict[] {
  return stalledBy("NameReserved", `${name} is a name of Howdah's own: no server may be called mariadb-… or howdah-…`);
}

function documentOf(object: KubeObject, spec: DatabaseServerSpec): DatabaseServerDocument {
  const { writer } = statusOf<DatabaseServerStatus>(object);
  return { name: object.metadata.name, spec, ...(writer === undefined ? {} : { writer }) };
}

function serves({ state }: Pick<RecoveryDecision, "state">): boolean {
  return state === "Healthy" || state === "Degraded";
}

/** Nodes that don't serve are the first trouble; then what keeps sites from those that do. */
function withRouter(nodes: readonly Verdict[], { trouble, words }: RouterLook): readonly Verdict[] {
  const isReady = nodes.every(({ type, status }) => type !== "Ready" || status === "True");
  if (isReady && trouble !== undefined) return trouble;
  return words === undefined ? nodes : nodes.map((one) => (one.type === "Ready" ? { ...one, message: `${one.message}; ${words}` } : one));
}

const withoutImage: ServerLook = { verdicts: stalledBy("ImageMissing", "spec.galera.image names no image of the nodes"), again: 300_000 };

function serverOf(
  { metadata }: KubeObject,
  spec: DatabaseServerSpec,
  { nameServers }: Pick<OperatorPorts, "nameServers">,
): GaleraServer | undefined {
  const image = spec.galera?.image;
  if (image === undefined) return undefined;
  return {
    name: metadata.name,
    version: spec.version ?? defaultMariadb,
    image,
    replicas: spec.galera?.replicas ?? 3,
    memoryBytes: bytesOfQuantity(spec.memory ?? "1Gi"),
    storage: spec.storage ?? "10Gi",
    nameServers,
  };
}

/** The Secret first: pods mount it. What is as it should be is not written. */
async function place(server: GaleraServer, { api, portsFor }: OperatorPorts, signal: AbortSignal): Promise<void> {
  await serversPullAsOperator(api, signal);
  const { databases, engine } = portsFor(SYSTEM_NAMESPACE);
  const secretDigest = await engine.putSecret(SYSTEM_NAMESPACE, galeraName(server.name), await databases.adminSecret(server.name));
  await placeObjects(renderGalera({ ...server, secretDigest }), api, signal);
}

/** What was done is told as an event: a status says only how it is now. */
async function tellOf(object: KubeObject, { action, message }: RecoveryDecision, { tell }: OperatorPorts): Promise<void> {
  const reasons = { promote: "Promoted", bootstrap: "Bootstrapped", initialise: "Initialised", leave: "ToldToLeave" } as const;
  const reason = action.do === "nothing" || action.do === "refuse" ? undefined : reasons[action.do];
  if (reason !== undefined) await tell(object, { type: "Warning", reason, message });
}

function verdictsOf({ state, action, message }: RecoveryDecision): readonly Verdict[] {
  if (action.do === "refuse") {
    const serves = state === "Degraded" ? "True" : "False";
    return [
      { type: "Ready", status: serves, reason: action.reason, message },
      { type: "Stalled", status: "True", reason: action.reason, message },
    ];
  }
  return [{ type: "Ready", status: serves({ state }) ? "True" : "False", reason: state, message }];
}

/** Of the oldest server: while a new version rolls, data may still have to be read by it. */
function versionOf(nodes: readonly NodeFacts[]): string | undefined {
  return nodes.flatMap(({ state }) => (state.kind === "running" && state.version !== undefined ? [state.version] : [])).toSorted()[0];
}
