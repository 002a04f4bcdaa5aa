import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { RUN_AS } from "../../kernel/label.ts";
import { PASSWORD_FILE, RECEIVER_DATA } from "../../render/data-move/move-jobs.ts";
import type { RsyncCopy } from "../../render/data-move/rsync-arguments.ts";
import { SENDER_MODULE, SENDER_PORT, SENDER_USER } from "../../render/data-move/rsyncd-config.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { shownTask } from "../shown-task.ts";
import { compareTrees, type Copied, copyTree, type LeftOut } from "./copy-tree.ts";
import { type DataPlace, dataPlace } from "./data-place.ts";
import { type DataSource, requireRsync } from "./data-source.ts";
import type { Difference } from "./differences.ts";
import { moverImage } from "./mover-image.ts";
import { type MoveSession, openMove } from "./move-session.ts";
import { openPodTunnel, type PodTunnel } from "./pod-tunnel.ts";
import { rsyncHere, rsyncInPod, type RunRsync } from "./run-rsync.ts";
import type { SiteOnCluster } from "./site-on-cluster.ts";

/** How data is brought. */
export interface MoveOptions {
  readonly source: DataSource;
  /** Below a mount of the site; undefined: its only one. */
  readonly path: string | undefined;
  readonly write: RsyncCopy["write"];
  readonly delete: boolean;
  /** Copies what differs in content under the same size and time, too. */
  readonly checksum: boolean;
  /** Bytes a second. */
  readonly rate: number | undefined;
  /** `checksum` reads every byte of both sides in the end; `quick` compares sizes and times. */
  readonly verify: "checksum" | "quick";
  /** An image with rsync that the cluster can pull; undefined: ours, beside the site's images. */
  readonly image: string | undefined;
  /** Where ours goes; undefined: beside the site's images. */
  readonly to: string | undefined;
}

/** What was brought, and whether it is the same. Bytes are bytes. */
export interface MovedData {
  readonly site: string;
  readonly namespace: string;
  readonly claim: string;
  readonly path: string;
  readonly source: string;
  /** Of the source. */
  readonly files: number;
  readonly bytes: number;
  /** What this run did. `sent` is over the wire, both ways. */
  readonly transferred: number;
  readonly deleted: number;
  readonly sent: number;
  readonly milliseconds: number;
  /** Whose all files are there. */
  readonly owner: string;
  readonly leftOut: readonly LeftOut[];
  readonly verified: "checksum" | "quick";
  readonly differences: readonly Difference[];
  /** What rsync could not do, in its words. */
  readonly errors: readonly string[];
}

const ATTEMPTS = 5;
const COPY = "data/copy";
const VERIFY = "data/verify";

/**
 * Brings a tree into a site's volume on a cluster and compares both sides in the end. Whatever breaks on the way is tried again, five times; whatever is
 * killed, the next run goes on. `hold` gets the last sync to do while nobody writes: what changed since the first copy, and the comparison. Everything that is
 * made for it is gone after. Errors: `cluster/*`, `data/*`, those of the image.
 */
export async function moveData(
  { site, place, images }: SiteOnCluster,
  options: MoveOptions,
  ports: Ports,
  context: EngineContext,
  hold?: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<MovedData> {
  const { clock } = ports;
  const began = clock.now();
  const target = dataPlace(site, options.path);
  if (options.source.kind === "here") await requireRsync(context.signal);
  const image = options.image ?? (await moverImage({ site, images, to: options.to }, ports, context));
  const by = `${ports.settings.who}@${hostname()} ${await ports.machine.processIdentity()}`.replaceAll(/[^\x21-\x7e ]/g, "?");
  const request = { image, by, namespace: place.namespace, claim: target.claim, source: nodeOf(options.source) };
  const { api } = place.cluster;
  const totals = { sent: 0, transferred: 0, deleted: 0 };
  let copied: Copied | undefined;
  let isHeld = false;
  const attempt = async (): Promise<MovedData> => {
    const password = randomBytes(24).toString("base64url");
    const id = randomBytes(5).toString("hex");
    const session = await shownTask("data/pods", "Pods for the copy", context, () =>
      openMove(api, { ...request, id, password }, ports, context),
    );
    const line = await connect(session, target, options, { api, machine: ports.machine, context }).catch(async (error: unknown) => {
      await session.close();
      throw error;
    });
    try {
      const copyOnce = async (): Promise<void> => {
        const title = `${sourceWords(options.source)} to ${target.path} of ${site.name}`;
        copied = await shownTask(COPY, title, context, () => line.guard(copyTree(line.run, line.copy, COPY, context)));
        totals.sent += copied.stats.sent;
        totals.transferred += copied.stats.transferred;
        totals.deleted += copied.stats.deleted;
      };
      const compare = (checksum: boolean): ReturnType<typeof compareTrees> =>
        shownTask(VERIFY, checksum ? "Reading both sides to compare them" : "Comparing sizes and times", context, () =>
          line.guard(compareTrees(line.run, line.copy, checksum, context)),
        );
      await copyOnce();
      const { differences, errors } = await (hold === undefined
        ? compare(options.verify === "checksum")
        : hold(async () => {
            isHeld = true;
            await copyOnce();
            return compare(options.verify === "checksum");
          }));
      if (copied === undefined) throw new TypeError("nothing was copied");
      return {
        ...{ site: site.name, namespace: place.namespace, claim: target.claim, path: target.path, source: sourceWords(options.source) },
        ...{ files: copied.stats.files, bytes: copied.stats.bytes, ...totals, milliseconds: clock.now() - began },
        ...{ owner: `${String(RUN_AS)}:${String(RUN_AS)}`, leftOut: copied.leftOut, verified: options.verify, differences },
        errors: [...new Set([...copied.errors, ...errors])],
      };
    } finally {
      await line.close();
      await shownTask("data/clear", "Taking the pods away", context, () => session.close());
    }
  };
  for (let number = 1; ; number++) {
    try {
      return await attempt();
    } catch (error) {
      const mayPass = error instanceof HowdahError && RETRIED.includes(error.code) && !isHeld;
      if (!mayPass || number === ATTEMPTS || context.signal.aborted) throw error;
      const wait = 2000 * 2 ** (number - 1);
      const message = `${error.message}. Going on in ${String(wait / 1000)} s (${String(number + 1)} of ${String(ATTEMPTS)})`;
      context.emit({ type: "notice", level: "warning", message });
      await clock.sleep(wait, context.signal);
    }
  }
}

const RETRIED: readonly string[] = ["data/connection-lost", "cluster/unreachable"];

function nodeOf(source: DataSource): { readonly node: string; readonly path: string } | undefined {
  return source.kind === "node" ? { node: source.node, path: source.path } : undefined;
}

/** A source, as people name it. */
function sourceWords(source: DataSource): string {
  return source.kind === "node" ? `${source.node}:${source.path}` : source.directory;
}

/** rsync with its two ends. */
interface Line {
  readonly run: RunRsync;
  readonly copy: RsyncCopy;
  /** Names a broken connection by what broke it: rsync itself only sees that its other side is gone. */
  guard<T>(work: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

async function connect(
  session: MoveSession,
  target: DataPlace,
  { source, write, delete: deletes, checksum, rate }: MoveOptions,
  {
    api,
    machine,
    context,
  }: { readonly api: SiteOnCluster["place"]["cluster"]["api"]; readonly machine: Ports["machine"]; readonly context: EngineContext },
): Promise<Line> {
  const inPod = `${RECEIVER_DATA}/${target.below === "" ? "" : `${target.below}/`}`;
  const how = { write, delete: deletes, checksum, rate };
  if (source.kind === "node") {
    const address = session.sender ?? "";
    const host = address.includes(":") ? `[${address}]` : address;
    const from = `rsync://${SENDER_USER}@${host}:${String(SENDER_PORT)}/${SENDER_MODULE}/`;
    const copy = { ...how, from, to: inPod, extra: [`--password-file=${PASSWORD_FILE}`] };
    return { run: rsyncInPod(api, session.receiver), copy, guard: (work) => work, close: () => Promise.resolve() };
  }
  const tunnel = await openPodTunnel(api, session.receiver, machine, context.signal);
  const from = source.directory.endsWith("/") ? source.directory : `${source.directory}/`;
  const copy = { ...how, from, to: `receiver:${inPod}`, extra: [`--rsh=${tunnel.remoteShell}`] };
  return { run: rsyncHere(), copy, guard: (work) => guarded(work, tunnel), close: () => tunnel.close() };
}

async function guarded<T>(work: Promise<T>, tunnel: PodTunnel): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const cause = tunnel.failure();
    if (!(error instanceof HowdahError) || error.code !== "data/connection-lost" || cause === undefined) throw error;
    const words = cause instanceof Error ? cause.message : "the connection to the pod broke";
    throw new HowdahError("data/connection-lost", `The copy was cut off: ${words}`, {
      cause,
      output: [...error.output, ...tunnel.complaints()],
    });
  }
}
