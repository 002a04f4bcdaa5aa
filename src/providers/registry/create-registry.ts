import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { type ImageReference, parseRepository, printReference, type Repository } from "../../kernel/image-reference.ts";
import { credentialsFor } from "./credentials.ts";
import { fetchManifest } from "./fetch-manifest.ts";
import { fetchDocument, findManifest, listsReferrers, type Place } from "./fetch-document.ts";
import type { Patience } from "./persist.ts";
import { pullImage } from "./pull-image.ts";
import { pushImage } from "./push-image.ts";
import { parseRegistriesConf, placesOf, type RegistryRule } from "./registries-conf.ts";
import type { Registry, RegistryCall } from "./registry.ts";
import { RegistrySession } from "./registry-session.ts";
import { Wire } from "./wire.ts";

/** Settings of the registry client; the wiring reads them. */
export interface RegistryOptions {
  /** podman's and docker's auth files, in order. */
  readonly authFiles: readonly string[];
  /** Directories with a directory of certificates for each registry (`certs.d`). */
  readonly certificateDirectories: readonly string[];
  /** The machine's own authorities, one PEM file. */
  readonly bundle: string;
  /** registries.conf and its directory of additions: mirrors, plain http. */
  readonly configuration: { readonly file: string; readonly directory: string };
  readonly clock: Clock;
  readonly random: () => number;
  /** Milliseconds without progress after which a failure counts. */
  readonly patienceMs: number;
}

/** One call takes at most an hour, whatever progress it makes. */
const DEADLINE_MS = 3_600_000;
/** A mirror is only a shortcut: nobody waits long for it. */
const MIRROR_PATIENCE_MS = 5000;
const SAY_EVERY_MS = 250;

/** Makes the registry client. Touches nothing before it is asked for something. */
export function createRegistry(options: RegistryOptions): Registry {
  const wire = new Wire(options);
  const session = (repository: Repository, insecure: boolean, call: RegistryCall): RegistrySession =>
    new RegistrySession({
      registry: repository.registry,
      insecure,
      credentials: () => credentialsFor(repository.registry, repository.path, { files: options.authFiles }, call.secret),
      wire,
      clock: options.clock,
      signal: call.signal,
    });
  const patienceOf = (call: RegistryCall): Patience => ({ ...options, say: call.notice, signal: call.signal });

  /** Does the work at each mirror in order, then at the registry itself, whose failure counts. */
  const anywhere = async <T>(
    reference: ImageReference,
    call: RegistryCall,
    work: (place: {
      readonly session: RegistrySession;
      readonly path: string;
      readonly name: string;
      readonly patience: Patience;
    }) => Promise<T>,
  ): Promise<T> => {
    const name = `${reference.registry}/${reference.path}`;
    const { blocked, places } = placesOf(name, await readRules(options.configuration));
    if (blocked) throw new HowdahError("registry/refused", `${name} is blocked by this machine's registries.conf`);
    for (const [index, place] of places.entries()) {
      const repository = parseRepository(place.name);
      if (repository === undefined)
        throw new HowdahError("usage/invalid", `registries.conf has ${JSON.stringify(place.name)}, which is no repository`);
      const last = index === places.length - 1;
      const patience = last ? patienceOf(call) : { ...patienceOf(call), patienceMs: Math.min(MIRROR_PATIENCE_MS, options.patienceMs) };
      try {
        return await work({ session: session(repository, place.insecure, call), path: repository.path, name: place.name, patience });
      } catch (error) {
        if (last || !(error instanceof HowdahError && error.code.startsWith("registry/"))) throw error;
        call.notice(`the mirror ${repository.registry} does not help: ${error.message}`);
      }
    }
    throw new HowdahError("bug", `there is no place for ${name}`);
  };

  /** Does the work at the registry itself, as a push does. */
  const there = async <T>(from: Repository, call: RegistryCall, work: (place: Place) => Promise<T>): Promise<T> => {
    const name = printReference({ ...from, tag: undefined, digest: undefined });
    const { places } = placesOf(name, await readRules(options.configuration));
    return work({ session: session(from, places.at(-1)?.insecure ?? false, call), path: from.path, patience: patienceOf(call) });
  };

  return {
    resolve: (reference, given) =>
      inTime(given, async (call) => {
        if (reference.digest !== undefined) return reference.digest;
        return anywhere(reference, call, async ({ session, path, patience }) => {
          const { digest } = await fetchManifest(session, path, reference.tag ?? "latest", patience);
          return digest;
        });
      }),
    pull: (reference, to, given) =>
      inTime(given, (call) =>
        anywhere(reference, call, async ({ session, path, name, patience }) => {
          const onBytes = throttled(options.clock, (received: number, total: number) =>
            call.progress(`fetched ${mega(received)} of ${mega(total)} MB`),
          );
          const digest = await pullImage({ session, path, digest: reference.digest, ...to, patience, onBytes });
          return { digest, from: name };
        }),
      ),
    manifest: (from, name, given) => inTime(given, (call) => there(from, call, (place) => findManifest(place, name))),
    document: (from, blob, given) => inTime(given, (call) => there(from, call, (place) => fetchDocument(place, blob))),
    listsReferrers: (from, digest, given) => inTime(given, (call) => there(from, call, (place) => listsReferrers(place, digest))),
    push: (image, to, given) =>
      inTime(given, (call) => {
        const total = image.blobs.reduce((sum, blob) => sum + blob.size, 0);
        const { registry, tags } = to;
        return there(to, call, (place) =>
          pushImage(image, {
            ...place,
            registry,
            tags,
            mountFrom: given.mountFrom ?? [],
            onBytes: throttled(options.clock, (sent: number) => call.progress(`sent ${mega(sent)} of at most ${mega(total)} MB`)),
          }),
        );
      }),
    close: () => wire.close(),
  };
}

/** Gives a call its end: an hour, or the signal. Whatever a stopped stream throws, the reason is one of the two. */
async function inTime<C extends RegistryCall, T>(given: C, work: (call: C) => Promise<T>): Promise<T> {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  try {
    return await work({ ...given, signal: AbortSignal.any([given.signal, deadline]) });
  } catch (error) {
    if (error instanceof HowdahError) throw error;
    if (given.signal.aborted) {
      const { reason } = given.signal as { readonly reason: unknown };
      throw reason instanceof HowdahError
        ? reason
        : new HowdahError("cancelled", "Stopped while a registry was spoken to", { cause: error });
    }
    if (deadline.aborted)
      throw new HowdahError("registry/unreachable", "The registry was too slow: it took more than an hour", { cause: error });
    throw error;
  }
}

/** registries.conf, then its additions in the order of their names; a later table for the same prefix wins. */
async function readRules({ file, directory }: RegistryOptions["configuration"]): Promise<readonly RegistryRule[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith(".conf")).sort();
  const texts = await Promise.all(
    [file, ...names.map((name) => join(directory, name))].map((path) => readFile(path, "utf8").catch(() => "")),
  );
  const rules = texts.flatMap(parseRegistriesConf);
  return [...new Map(rules.map((rule) => [rule.prefix, rule])).values()];
}

function throttled<A extends readonly number[]>(clock: Clock, say: (...numbers: A) => void): (...numbers: A) => void {
  let said = 0;
  return (...numbers) => {
    const now = clock.now();
    if (now - said < SAY_EVERY_MS) return;
    said = now;
    say(...numbers);
  };
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
