/** Where the edge listens. */
export interface EdgeListen {
  /** Address: `127.0.0.1`, `0.0.0.0`, `::`. */
  readonly bind: string;
  readonly httpPort: number;
  /** Left out: no HTTPS. */
  readonly httpsPort?: number;
}

/** One site's way in. */
export interface EdgeRoute {
  readonly namespace: string;
  readonly name: string;
  readonly hostnames: readonly string[];
  /** Ready pods, sorted; none: the edge says that the site is starting. */
  readonly backends: readonly { readonly address: string; readonly port: number }[];
  /** The edge answers every request with 503 and this page; `text` is plain, `retryAfter` in seconds. */
  readonly maintenance?: { readonly text: string; readonly title?: string; readonly retryAfter: number };
  /** Files as the edge sees them. With a certificate, plain HTTP is redirected. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Largest request body in bytes; left out: the site decides alone. */
  readonly maxBodyBytes?: number;
  /** Of a site that sleeps, or may: where visits are marked, and who wakes it. */
  readonly idle?: {
    /** A file as the edge sees it that is written at every visit. Left out: visits matter to nobody. */
    readonly visits?: string;
    /** Whose requests are visits. */
    readonly wakes: "people" | "anyone";
    /** While it sleeps: the agent's socket, as the edge sees it. */
    readonly wake?: string;
  };
  /** Longest silence of the site in seconds; default 310. */
  readonly timeoutSeconds?: number;
}

/** Everything that the edge's configuration is made from. */
export interface EdgeInput {
  readonly listen: EdgeListen;
  readonly routes: readonly EdgeRoute[];
  /** Load balancers before the edge whose X-Forwarded-For and X-Forwarded-Proto are believed; usually none: the edge is outermost. */
  readonly trustedProxies?: readonly string[];
  /** nginx' processes; default 2. */
  readonly workerProcesses?: number;
}
