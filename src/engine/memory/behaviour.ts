import type { Readable } from "node:stream";
import type { Container } from "../../render/objects.ts";

/** What a container of the memory engine comes to when it is started. */
export type Started =
  | { readonly state: "ready"; readonly serves: string; readonly output: readonly string[] }
  | { readonly state: "never-ready"; readonly output: readonly string[] }
  | { readonly state: "crashed"; readonly exitCode: number; readonly output: readonly string[] };

/** What a program in a container of the memory engine can do. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Readable | undefined;
  readonly out: (text: string) => void;
  readonly read: (path: string) => string | undefined;
  /** False when the path is read-only. */
  readonly write: (path: string, text: string) => boolean;
  /** Asks `/` of a server by name or address, as far as networks and policies let it. */
  readonly reach: (host: string, port: number) => string | undefined;
}

/** The programs of the memory engine: tests choose what containers do. */
export interface Behaviour {
  readonly start: (container: Container) => Started;
  readonly program: (argv: readonly string[], surroundings: Surroundings) => Promise<number>;
}

/** Containers that become ready and programs that succeed. */
export const wellBehaved: Behaviour = {
  start: () => ({ state: "ready", serves: "", output: [] }),
  program: () => Promise.resolve(0),
};
