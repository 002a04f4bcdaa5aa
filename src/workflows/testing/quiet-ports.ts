import type { Ports } from "../ports.ts";

/**
 * Ports of which a test of releases wants nothing but that they are there: an agent that runs, locks that nobody else holds, and a site that
 * answers what its container serves; a page that begins with `sick` is a 500.
 */
export function quietPorts(page: () => string): Pick<Ports, "agent" | "http" | "locks"> {
  return {
    locks: { hold: (_namespace, _command, work) => work() },
    agent: {
      ensureRunning: () => Promise.resolve("running"),
      status: () => Promise.resolve({ running: true, how: "" }),
      stop: () => Promise.resolve(),
      run: () => Promise.resolve(0),
    },
    http: { get: () => Promise.resolve({ status: page().startsWith("sick") ? 500 : 200, headers: {}, body: page() }) },
  };
}
