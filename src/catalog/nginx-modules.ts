/** One dynamic module of the default suite's nginx (trixie, 1.26). */
export interface NginxModule {
  /** As in the site file: `brotli`, `lua`, `headers-more-filter`. */
  readonly name: string;
  readonly packages: readonly string[];
  /** Shared objects below `modules/`, in the order nginx must load them within this module. */
  readonly files: readonly string[];
  /** Modules that must be loaded before. */
  readonly after: readonly string[];
  /** What it adds, in a few words. */
  readonly title: string;
}

const http = (name: string, title: string, after: readonly string[] = []): NginxModule => ({
  name,
  packages: [`libnginx-mod-http-${name}`],
  files: [`ngx_http_${name.replaceAll("-", "_")}_module.so`],
  after,
  title,
});
const other = (name: string, title: string, after: readonly string[] = []): NginxModule => ({
  name,
  packages: [`libnginx-mod-${name}`],
  files: [`ngx_${name.replaceAll("-", "_")}_module.so`],
  after,
  title,
});

/** Sorted by name. */
export const nginxModules: readonly NginxModule[] = [
  http("auth-pam", "authentication by PAM"),
  http("auth-spnego", "authentication by Kerberos"),
  {
    name: "brotli",
    packages: ["libnginx-mod-http-brotli-filter", "libnginx-mod-http-brotli-static"],
    files: ["ngx_http_brotli_filter_module.so", "ngx_http_brotli_static_module.so"],
    after: [],
    title: "brotli compression, on the fly and of files compressed beforehand",
  },
  http("brotli-filter", "brotli compression on the fly"),
  http("brotli-static", "files compressed with brotli beforehand"),
  http("cache-purge", "removes answers from nginx's caches"),
  http("dav-ext", "WebDAV methods PROPFIND, OPTIONS, LOCK, UNLOCK"),
  http("echo", "echo, sleep and subrequests in the configuration"),
  http("fancyindex", "directory listings with a look"),
  http("geoip", "countries by address (old databases)"),
  http("geoip2", "countries by address (MaxMind databases)", ["stream"]),
  http("headers-more-filter", "sets and clears any header"),
  http("image-filter", "resizes pictures on the fly"),
  http("js", "JavaScript in the configuration (njs)", ["stream"]),
  http("lua", "Lua in the configuration", ["ndk"]),
  other("mail", "proxy for IMAP, POP3 and SMTP"),
  http("memc", "memcached as upstream"),
  http("modsecurity", "web application firewall", ["ndk"]),
  other("nchan", "publish and subscribe for browsers"),
  {
    name: "ndk",
    packages: ["libnginx-mod-http-ndk"],
    files: ["ndk_http_module.so"],
    after: [],
    title: "nginx development kit, which others need",
  },
  http("perl", "Perl in the configuration"),
  http("push-stream", "pushes messages to browsers"),
  other("rtmp", "streams video"),
  http("set-misc", "more set_ directives", ["ndk"]),
  http("srcache-filter", "caches answers in memcached or Redis", ["ndk"]),
  other("stream", "proxy for TCP and UDP"),
  other("stream-geoip", "countries by address for TCP (old databases)", ["stream"]),
  other("stream-geoip2", "countries by address for TCP", ["stream"]),
  other("stream-js", "JavaScript for TCP", ["stream"]),
  http("subs-filter", "replaces text in answers"),
  http("uploadprogress", "tells how far an upload is"),
  http("upstream-fair", "balances by load"),
  http("xslt-filter", "transforms XML answers by XSLT"),
];

/** A module by its name in the site file; undefined when nginx has none of that name. */
export function nginxModule(name: string): NginxModule | undefined {
  return nginxModules.find((module) => module.name === name);
}

/**
 * The modules that a list of names needs, each once, those before which others must be loaded first, else in alphabetical order.
 * Names that nginx does not have are left out: the site rules have reported them.
 */
export function nginxModulesFor(names: readonly string[]): readonly NginxModule[] {
  const found = new Map<string, NginxModule>();
  const add = (name: string): void => {
    const module = nginxModule(name);
    if (module === undefined || found.has(name)) return;
    for (const before of module.after) add(before);
    found.set(name, module);
  };
  for (const name of [...new Set(names)].sort()) add(name);
  return [...found.values()];
}

/** The arguments of `load_module`, in load order: `modules/ndk_http_module.so`, …; each once. */
export function nginxModuleFiles(names: readonly string[]): readonly string[] {
  return [...new Set(nginxModulesFor(names).flatMap((module) => module.files))].map((file) => `modules/${file}`);
}
