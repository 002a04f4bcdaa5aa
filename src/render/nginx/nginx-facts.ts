/** Where FastCGI requests go. `resolver` is the address of the network's name server: names are looked up again while nginx runs. */
export type FastcgiUpstream =
  | { readonly kind: "unix"; readonly socket: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly resolver: string };

/** What a site's nginx must know beside the site. */
export interface NginxFacts {
  /** Addresses or networks (CIDR) of the edge: only from there are X-Forwarded-For, X-Forwarded-Proto and X-Request-Id believed. */
  readonly trustedProxies: readonly string[];
  /** PHP-FPM. Not used by static sites. */
  readonly phpUpstream: FastcgiUpstream;
  /** PHP-FPM's status listener, which answers while all workers are busy; null: readiness says only that nginx serves (scaled apart). */
  readonly statusUpstream: FastcgiUpstream | null;
  /** nginx' processes; 2 unless the caller knows better. */
  readonly workerProcesses?: number;
  /** Bytes of one file; a larger configuration comes in parts. Default: no bound. */
  readonly largestFile?: number;
  /** The code changes while nginx runs (`deploy --watch`): nothing of a file is remembered, and browsers ask for each one every time. */
  readonly liveCode?: boolean;
}
