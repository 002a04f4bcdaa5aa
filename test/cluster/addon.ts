import type { Ran, RunOptions } from "../../src/providers/process.ts";
import type { GoProgram } from "./go-program.ts";
import type { ImageRecipe } from "./image.ts";
import type { Settings } from "./settings.ts";

/** What an add-on may use to prepare: programs and images come from the cache when nothing about them has changed. */
export interface Workshop {
  readonly settings: Settings;
  /** A line of progress for people. */
  readonly say: (line: string) => void;
  /** Builds a program from a Go module, one build at a time; answers the binary's path in the cache. */
  readonly goProgram: (program: GoProgram) => Promise<string>;
  /** Composes an image of one layer without a registry; answers its OCI archive in the cache. */
  readonly image: (recipe: ImageRecipe) => Promise<string>;
}

/** The running cluster as an add-on sees it. */
export interface Cluster extends Workshop {
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Runs our own kubectl as administrator. */
  readonly kubectl: (argv: readonly string[], options?: RunOptions) => Promise<Ran>;
  /** Server-side apply of objects, in order. */
  readonly apply: (objects: readonly object[]) => Promise<void>;
  /** Brings OCI or docker archives into every node's containerd, all nodes at once. */
  readonly load: (archives: readonly string[]) => Promise<void>;
  /** Runs a program inside a machine (its processes, mounts and network) to its end: `enter("node-1", ["ip", "route"])`. */
  readonly enter: (machine: string, argv: readonly string[], options?: RunOptions) => Promise<Ran>;
  /**
   * Keeps a program running inside a machine, its output in `logs/MACHINE.NAME.log`; when it runs already, nothing happens.
   * It ends with the machine, and `heal` of a killed machine calls the add-on's `start` again.
   */
  readonly daemon: (machine: string, name: string, argv: readonly string[]) => Promise<void>;
}

/** A part of the cluster beyond the control plane and the nodes. To add one: a file in `addons/` and its name in `addons.ts`. */
export interface Addon {
  readonly name: string;
  /** What it is for, in one line of `npm run cluster -- --help`. */
  readonly about: string;
  /** Whether a plain `start` brings it; the others come with `start --with NAME`. */
  readonly byDefault: boolean;
  /** Builds and composes what it needs, from the cache when it is there. No cluster runs yet. */
  readonly build: (workshop: Workshop) => Promise<void>;
  /** Brings it up and waits until it serves. Idempotent: it runs again at every `start` and after a node was healed. */
  readonly start: (cluster: Cluster) => Promise<void>;
  /** What must happen before the machines are killed, which takes processes, mounts and network along: usually nothing. Never throws when there is nothing. */
  readonly stop: (cluster: Cluster) => Promise<void>;
}
