import { parseJson } from "../../kernel/parse-json.ts";
import { type NodeState, NO_CLUSTER, type Position } from "./node-facts.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DATA = ["intact", "incomplete", "missing", "broken"] as const;

/** What `node.sh state` printed, as facts; undefined when it is not what it prints. */
export function readNodeState(text: string): NodeState | undefined {
  const said = record(parseJson(text));
  const entrypoint = record(said?.["entrypoint"]);
  if (said === undefined || entrypoint === undefined) return undefined;
  const server = record(said["server"]);
  const phase = word(entrypoint["phase"]);
  if (server !== undefined) return runningState(server);
  if (phase === "waiting") return waitingState(entrypoint);
  return said["answered"] === true ? { kind: "silent" } : { kind: "busy", phase };
}

function runningState(server: Readonly<Record<string, unknown>>): NodeState {
  const version = word(server["version"]);
  return {
    kind: "running",
    primary: server["wsrep_cluster_status"] === "Primary",
    synced: ["2", "4"].includes(word(server["wsrep_local_state"])) && server["wsrep_ready"] === "ON",
    position: position(server["wsrep_cluster_state_uuid"], server["wsrep_last_committed"]),
    size: Number(word(server["wsrep_cluster_size"])) || 0,
    component: word(server["wsrep_cluster_conf_id"]),
    ...(version === "" ? {} : { version }),
  };
}

function waitingState(entrypoint: Readonly<Record<string, unknown>>): NodeState {
  const data = DATA.find((one) => one === entrypoint["data"]) ?? "broken";
  return { kind: "waiting", start: word(entrypoint["start"]), data, position: position(entrypoint["uuid"], entrypoint["seqno"]) };
}

function position(uuid: unknown, seqno: unknown): Position {
  const number = Number(seqno);
  return {
    uuid: typeof uuid === "string" && UUID.test(uuid) ? uuid : NO_CLUSTER,
    seqno: Number.isSafeInteger(number) ? number : -1,
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function word(value: unknown): string {
  return typeof value === "string" ? value : "";
}
