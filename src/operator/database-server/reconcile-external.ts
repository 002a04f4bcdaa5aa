import { HowdahError } from "../../kernel/howdah-error.ts";
import { FIELD_MANAGER, isAsApplied } from "../../kubernetes/field-ownership.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resourceOf } from "../../kubernetes/resources.ts";
import { databaseServerOf } from "../../workflows/database-server/database-server-documents.ts";
import { type ExternalServer, isExternal } from "../../workflows/database-server/database-server-document.ts";
import { placeOf, probeExternal } from "../../workflows/database-server/find-writer.ts";
import { type JudgedServer, judgeExternal } from "../../workflows/database-server/judge-external.ts";
import { isOtherGroup, namesOf, refuseWithoutDatabases } from "../../workflows/database-server/refuse-without-databases.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import type { Verdict } from "../status.ts";
import { databasesOn } from "./databases-on.ts";
import { externalObjects, type WriterPlace } from "./external-objects.ts";
import { type LookAtServer, type ServerLook, stalledBy } from "./server-look.ts";

/** `kubectl annotate databaseserver NAME howdah.dev/force-address=HOST:PORT`: sites are led there though their databases are not. */
export const FORCE_ADDRESS = "howdah.dev/force-address";

/** How often addresses are asked: nobody tells of a writer that died. Milliseconds. */
const ASK_MS = 10_000;

/** Keeps the Service of an external server on its healthy writer. */
export function reconcileExternal(ports: OperatorPorts): LookAtServer {
  return async (object, _spec, signal) => {
    const document = databaseServerOf(object);
    if (document === undefined || !isExternal(document))
      return { verdicts: stalledBy("SpecInvalid", "spec.external must name addresses and the administrator's secret"), again: ASK_MS * 30 };
    const judged = await judgeOrFail(document, ports);
    if (judged instanceof HowdahError) return { ...formerOf(document), verdicts: verdictsOf(judged), again: ASK_MS };
    return await lead(object, document, judged, ports, signal);
  };
}

/** Who wrote last is remembered through every trouble: by it a new address is known for one. */
function formerOf({ writer }: ExternalServer): Pick<ServerLook, "writer"> {
  return writer === undefined ? {} : { writer };
}

/** Without a user and a password nobody can be asked. */
async function judgeOrFail(document: ExternalServer, { portsFor, ownNamespace }: OperatorPorts): Promise<JudgedServer | HowdahError> {
  try {
    return await judgeExternal(document, portsFor(ownNamespace));
  } catch (error) {
    if (error instanceof HowdahError && error.code === "database/login-refused") return error;
    throw error;
  }
}

async function lead(
  object: KubeObject,
  document: ExternalServer,
  { choice, failure }: JudgedServer,
  ports: OperatorPorts,
  signal: AbortSignal,
): Promise<ServerLook> {
  const seen = { addresses: choice.roles.map(({ address, role }) => ({ address, role })), again: ASK_MS };
  const former = formerOf(document);
  if (choice.writer === null && sitesStay(choice, document.writer))
    return { ...seen, ...former, verdicts: verdictsOf(failure, choice.reason) };
  const writer = choice.writer === null ? undefined : await placeOf(document, choice.writer);
  if (choice.writer !== null) {
    const forced = object.metadata.annotations?.[FORCE_ADDRESS] === choice.writer;
    const lacking = forced ? undefined : await withoutDatabases(document, choice.writer, ports, signal);
    if (lacking !== undefined) return { ...seen, ...former, verdicts: verdictsOf(lacking) };
  }
  const refused = await place(object, writer, ports, signal);
  if (refused !== undefined) return { ...seen, ...former, verdicts: stalledBy("AddressRefused", refused) };
  if (choice.writer === null) return { ...seen, verdicts: verdictsOf(failure, choice.reason) };
  const found = {
    ...seen,
    writer: choice.writer,
    version: choice.version,
    ...(choice.warning === undefined ? {} : { warning: choice.warning }),
  };
  if (failure !== undefined) return { ...found, verdicts: verdictsOf(failure) };
  const message = `Sites are led to ${choice.writer}`;
  return { ...found, verdicts: [{ type: "Ready", status: "True", reason: "WriterHealthy", message }] };
}

/** Whether sites stay where they are while nobody writes. */
function sitesStay({ roles, reason }: Extract<JudgedServer["choice"], { readonly writer: null }>, former: string | undefined): boolean {
  if (former === undefined) return false;
  // That nobody answers from here may be this node's network: a server that is down answers them no better.
  if (reason === "NobodyAnswers") return true;
  const now = roles.find(({ address }) => address === former);
  // Other addresses: whether the databases are there will be asked once somebody writes.
  if (now === undefined) return true;
  // Who wrote so far and takes reads only refuses writes by itself: pages that only read go on, as on one machine.
  return reason === "AllReadOnly" && /^(read-only|replica)/.test(now.role);
}

/** Why sites stay where they are: at its new addresses the server lacks their databases. Undefined: it doesn't. */
async function withoutDatabases(
  document: ExternalServer,
  writer: string,
  ports: OperatorPorts,
  signal: AbortSignal,
): Promise<HowdahError | undefined> {
  const server = { former: document, now: document.spec.external.addresses, writer };
  if (!isOtherGroup(server)) return undefined;
  const databases = await databasesOn(document.name, ports, signal);
  try {
    const probed = await probeExternal(document, ports.portsFor(ports.ownNamespace), namesOf(databases));
    refuseWithoutDatabases(server, databases, probed);
    return undefined;
  } catch (error) {
    if (!(error instanceof HowdahError)) throw error;
    return error;
  }
}

/** What can't be mended by waiting needs a person. */
function verdictsOf(failure: HowdahError | undefined, none?: string): readonly Verdict[] {
  const message = failure?.message ?? "";
  const why = (failure?.entry.retry === "never" ? undefined : none) ?? failure?.entry.reason ?? "WriterMissing";
  if (failure?.entry.retry === "never") return stalledBy(why, message);
  return [{ type: "Ready", status: "False", reason: why, message }];
}

/** Answers why the API server takes no such address: those of the node itself, and link-local ones. */
async function place(object: KubeObject, writer: WriterPlace | undefined, { api, ownNamespace }: OperatorPorts, signal: AbortSignal) {
  for (const wanted of externalObjects(object, ownNamespace, writer)) {
    const resource = resourceOf(wanted);
    if (resource === undefined) throw new TypeError(`${wanted.kind} is in no table`);
    const { namespace, name } = wanted.metadata;
    const found = await api.get({ resource, namespace, name }, signal);
    if (found !== undefined && isAsApplied(found, wanted, FIELD_MANAGER)) continue;
    try {
      await api.apply(resource, wanted, {}, signal);
    } catch (error) {
      if (error instanceof HowdahError && error.code === "cluster/rejected") return error.message;
      throw error;
    }
  }
  return undefined;
}
