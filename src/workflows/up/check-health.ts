import { HowdahError } from "../../kernel/howdah-error.ts";
import { pageWords } from "../../observe/page-words.ts";
import type { Site } from "../../site/site.ts";
import { accessHeader } from "../environment/access-password.ts";
import type { EngineContext, Ports } from "../ports.ts";

/** A first page with cold caches can take seconds; after that the site is called unhealthy. */
const PATIENCE_MS = 60_000;
const ATTEMPT_MS = 30_000;

/**
 * Asks the site's health path through the edge, as a visitor would. Healthy: a status below 400 (a redirect is an answer).
 * On a rollout the engine has asked each new pod before (`health-gate.ts`), so the path is asked twice, on purpose: that answer protects
 * the pods that serve, by their own addresses; this one says that the way to them works (edge, hostname, certificate, address), and is
 * the only one when nothing served before or nothing has changed.
 * Errors: site/unhealthy with what was answered instead.
 */
export async function checkHealth(
  site: Site,
  ports: Ports,
  context: EngineContext,
  namespace: string = site.name,
): Promise<{ readonly status: number; readonly milliseconds: number }> {
  const host = (site.hostnames[0] ?? "localhost").replace("*", "www");
  // Plain HTTP only redirects to HTTPS for such a site, which says nothing about it.
  const secure = site.tls.mode !== "off";
  const connect = {
    address: ports.settings.bind === "0.0.0.0" ? "127.0.0.1" : ports.settings.bind,
    port: secure ? ports.settings.httpsPort : ports.settings.httpPort,
  };
  const port = connect.port === (secure ? 443 : 80) ? "" : `:${String(connect.port)}`;
  const authorization = site.preview?.password === true ? { authorization: await accessHeader(namespace, ports) } : {};
  const until = ports.clock.now() + PATIENCE_MS;
  let last = "nothing answered";
  for (;;) {
    context.signal.throwIfAborted();
    const started = ports.clock.now();
    try {
      const answer = await ports.http.get(`${secure ? "https" : "http"}://${host}${site.web.healthPath}`, {
        host: `${host}${port}`,
        connect,
        timeoutMs: ATTEMPT_MS,
        ...authorization,
      });
      if (answer.status < 400) return { status: answer.status, milliseconds: ports.clock.now() - started };
      const words = pageWords(answer.body);
      last = `it answered ${String(answer.status)}${words === "" ? "" : `: ${words}`}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (ports.clock.now() >= until || /^it answered (4|500)/.test(last)) break;
    context.emit({ type: "task-progress", id: "health", detail: last });
    await ports.clock.sleep(500, context.signal);
  }
  throw new HowdahError("site/unhealthy", `${site.web.healthPath} is not healthy: ${last}`, {
    output: await lastLines(namespace, ports, context),
  });
}

async function lastLines(namespace: string, ports: Ports, context: EngineContext): Promise<string[]> {
  const lines: string[] = [];
  try {
    for await (const line of ports.engine.logs(namespace, { follow: false, tail: 20 }, context))
      lines.push(`${line.container}: ${line.text}`);
  } catch {
    // The lines are a help, not the point: the error itself says what is wrong.
  }
  return lines.slice(-20);
}
