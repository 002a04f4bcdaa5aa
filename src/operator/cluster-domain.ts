/**
 * The cluster's own domain as a pod's resolv.conf has it: names of Services are looked up below `svc.DOMAIN`. Undefined where this process runs
 * outside of a cluster, or in a pod whose names are another's.
 */
export function clusterDomainIn(resolvConf: string): string | undefined {
  const domains = resolvConf.split("\n").flatMap((line) => {
    const [word, ...names] = line.trim().split(/\s+/);
    return word === "search" ? names : [];
  });
  const found = domains.find((name) => /^svc\.[a-z0-9]([a-z0-9.-]{0,248}[a-z0-9])?\.?$/.test(name));
  return found?.replace(/^svc\.|\.$/g, "");
}
