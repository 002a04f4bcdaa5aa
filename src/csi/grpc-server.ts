import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";
import { type Handlers, unaryHandlers } from "./services/unary.ts";

const PATIENCE_MS = 10_000;

/** Services by their full names (`csi.v1.Node`), as a .proto file declares them. */
export interface Served {
  readonly protoFile: string;
  readonly services: Readonly<Record<string, Handlers>>;
}

/** A server that listens on a socket of the machine, until it is told to stop. */
export interface Listening {
  /** Lets calls that are under way end, for ten seconds; then the socket is gone. */
  stop(): Promise<void>;
}

/**
 * Serves on a Unix socket that only root may use. A socket that a killed driver left is replaced; one that answers belongs to a driver that lives, and
 * two would undo each other's work. Error: `machine/busy`.
 */
export async function listen(socket: string, { protoFile, services }: Served, log: StructuredLog): Promise<Listening> {
  if (await answers(socket)) throw new HowdahError("machine/busy", `Another driver answers at ${socket}`);
  await rm(socket, { force: true });
  const server = new Server();
  const definitions = loadProto(protoFile);
  for (const [name, handlers] of Object.entries(services)) server.addService(definitionOf(definitions, name), unaryHandlers(handlers, log));
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  } finally {
    process.umask(mask);
  }
  return { stop: () => stopServer(server) };
}

/** A .proto file as definitions of services: names as they are written there, 64-bit numbers as numbers (sizes are far below 2^53). */
export function loadProto(file: string): PackageDefinition {
  return loadSync(file, { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true });
}

function definitionOf(definitions: PackageDefinition, name: string): ServiceDefinition {
  const found = definitions[name];
  if (found === undefined || "format" in found) throw new TypeError(`no service ${name}`);
  return found;
}

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, PATIENCE_MS);
    server.tryShutdown(() => {
      clearTimeout(late);
      resolve();
    });
  });
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    const end = (alive: boolean): void => {
      probe.destroy();
      resolve(alive);
    };
    probe.once("connect", () => end(true));
    probe.once("error", () => end(false));
  });
}
