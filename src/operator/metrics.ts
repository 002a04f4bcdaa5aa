/** Counters and gauges of one process, in the text format that Prometheus reads. */
export interface Metrics {
  /** Adds one to a counter. Labels are few and known: kinds, verbs, results. */
  readonly count: (name: MetricName, labels: Readonly<Record<string, string>>) => void;
  /** A value that is asked for when somebody reads. */
  readonly gauge: (name: MetricName, labels: Readonly<Record<string, string>>, read: () => number) => void;
  /** Values of whatever there is when somebody reads: sites come and go. */
  readonly series: (
    name: MetricName,
    read: () => readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[],
  ) => void;
  /** Everything as `text/plain; version=0.0.4`. */
  readonly text: () => string;
}

const descriptions = {
  howdah_glances_total: ["counter", "Looks at what the watches know, by kind and result (enough, look: the server had to be asked)"],
  howdah_reconciles_total: ["counter", "Looks with the server by kind and result (done, again, failed)"],
  howdah_api_requests_total: ["counter", "Requests to the API server by verb (as roles name it) and resource"],
  howdah_watch_faults_total: ["counter", "Faults of watches by resource; each is tried again"],
  howdah_queue_depth: ["gauge", "Keys by state: ready, waiting, running"],
  howdah_watch_silence_seconds: ["gauge", "Seconds since a watch was heard last, by resource"],
  howdah_objects: ["gauge", "Objects that are watched, by resource"],
  howdah_backups: ["gauge", "Backups by state: verified, running, none (not yet), failed"],
  howdah_backup_verified_age_seconds: [
    "gauge",
    "Seconds since the newest proved backup was made, the longest of all Backups with a schedule",
  ],
  howdah_router_pods: ["gauge", "Pods of ProxySQL by database server and state (in-step, out-of-step), as of the last look"],
  howdah_database_disk_free_bytes: ["gauge", "Bytes left on the volume of a database server, as of the last look"],
  howdah_databases_blocked: ["gauge", "Databases that take no writes because of their server's disk or their tenant's profile, by server"],
  howdah_site_database_connections: ["gauge", "Open connections of a site's database user, by tenant and namespace"],
  howdah_site_database_queries_total: ["counter", "Statements of a site since its database server counts"],
  howdah_site_database_cpu_seconds_total: ["counter", "CPU time of a site's statements since its database server counts"],
  howdah_leader: ["gauge", "1 while this process leads"],
} as const;

type MetricName = keyof typeof descriptions;

/** Makes them, all at nothing. */
export function createMetrics(): Metrics {
  const counters = new Map<string, number>();
  const gauges = new Map<string, () => number>();
  const series = new Map<MetricName, Parameters<Metrics["series"]>[1]>();
  const ofSeries = (): readonly (readonly [string, number])[] =>
    [...series].flatMap(([name, read]) => read().map(({ labels, value }) => [seriesOf(name, labels), value] as const));
  return {
    count: (name, labels) => {
      const key = seriesOf(name, labels);
      counters.set(key, (counters.get(key) ?? 0) + 1);
    },
    gauge: (name, labels, read) => void gauges.set(seriesOf(name, labels), read),
    series: (name, read) => void series.set(name, read),
    text: () => {
      const values = [...counters, ...[...gauges].map(([one, read]) => [one, read()] as const), ...ofSeries()];
      return Object.entries(descriptions)
        .flatMap(([name, [type, help]]) => {
          const own = values
            .filter(([series]) => series === name || series.startsWith(`${name}{`))
            .toSorted(([a], [b]) => (a < b ? -1 : 1));
          if (own.length === 0) return [];
          return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...own.map(([series, value]) => `${series} ${numberText(value)}`)];
        })
        .map((line) => `${line}\n`)
        .join("");
    },
  };
}

function seriesOf(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
}
