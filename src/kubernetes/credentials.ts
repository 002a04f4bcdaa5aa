import { createHash } from "node:crypto";
import type { RequestOptions } from "node:https";
import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import { type ClusterAccess, type LoadedAccess, loadAccess } from "./cluster-access.ts";

/** What a request shows and trusts right now. */
export interface Credential {
  readonly headers: Readonly<Record<string, string>>;
  /** For `tls.connect`; PEM. */
  readonly tls: {
    readonly ca?: Buffer;
    readonly cert?: Buffer | string;
    readonly key?: Buffer | string;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
  /** `http:`, `https:` or `socks5:` address of a proxy, from the kubeconfig or the environment. */
  readonly proxy: string | undefined;
  /** The same for a library that takes Node's own options (WebSockets), agent of the proxy included. */
  readonly nodeOptions: RequestOptions;
  /** Equal as long as connections made with it may go on being used. */
  readonly connectionKey: string;
}

/** Certificates and tokens in files are renewed under us (an hour by default): looked at again after this, in milliseconds. */
const LOOK_AGAIN_MS = 60_000;

/** What `Credentials` needs. */
export interface CredentialOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** The environment's proxy for a server, where the kubeconfig names none. */
  readonly proxyFor: (server: URL) => string | undefined;
}

/** Who we are to one API server. Looked up when first needed, again every minute, and from scratch after `forget`. */
export class Credentials {
  readonly #options: CredentialOptions;
  #loaded: Promise<LoadedAccess> | undefined;
  #known: { readonly credential: Promise<Credential>; readonly at: number } | undefined;

  constructor(options: CredentialOptions) {
    this.#options = options;
  }

  /** The context: runs no plugin. Errors: `usage/invalid`. */
  context(): Promise<LoadedAccess> {
    const loaded = this.#loaded ?? loadAccess(this.#options.access);
    this.#loaded = loaded;
    loaded.catch(() => {
      if (this.#loaded === loaded) this.#loaded = undefined;
    });
    return loaded;
  }

  /** Errors: `cluster/unauthorized` with the words of a plugin that failed, or of a file that can't be read; `usage/invalid`. */
  current(): Promise<Credential> {
    const now = this.#options.clock.now();
    if (this.#known !== undefined && Math.abs(now - this.#known.at) < LOOK_AGAIN_MS) return this.#known.credential;
    const credential = this.#look();
    this.#known = { credential, at: now };
    credential.catch(() => {
      if (this.#known?.credential === credential) this.#known = undefined;
    });
    return credential;
  }

  /** The server took it no longer: files are read and plugins run anew at the next request. Does nothing when a newer one is known. */
  async forget(refused: Credential): Promise<void> {
    const known = this.#known;
    if (known === undefined || (await known.credential) !== refused || this.#known !== known) return;
    this.#known = undefined;
    this.#loaded = undefined;
  }

  async #look(): Promise<Credential> {
    const { kube, cluster } = await this.context();
    const proxy = cluster.proxyUrl ?? this.#options.proxyFor(new URL(cluster.server));
    if (proxy !== undefined) (cluster as { proxyUrl?: string }).proxyUrl = proxy; // the library makes its agents from it
    const options: RequestOptions & { headers?: Record<string, string> } = { headers: {} };
    try {
      await kube.applyToHTTPSOptions(options);
    } catch (error) {
      const words = (error instanceof Error ? error.message : String(error)).trim().split("\n").slice(-3).join(" ").slice(0, 500);
      throw new HowdahError("cluster/unauthorized", `The credentials of the context can't be got: ${words === "" ? "no words" : words}`, {
        cause: error,
      });
    }
    const { ca, cert, key, servername, rejectUnauthorized, auth, agent, ...others } = options;
    const headers: Record<string, string> = {};
    if (typeof auth === "string") headers["Authorization"] = `Basic ${Buffer.from(auth).toString("base64")}`;
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = value.trim(); // token files end with a line end
    const tls = Object.fromEntries(
      Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(([, value]) => value !== undefined),
    ) as Credential["tls"];
    const parts = [proxy, servername, rejectUnauthorized, ca, cert, key].map(String);
    return {
      headers,
      tls,
      proxy,
      // the library keeps agents for good, so certificates that were renewed would not be shown: one is used for proxies alone
      nodeOptions: { ...others, ...tls, headers, ...(proxy === undefined ? {} : { agent }) },
      connectionKey: createHash("sha256").update(JSON.stringify(parts)).digest("hex"),
    };
  }
}
