import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici";
import { run } from "../process.ts";

/** Transfers go the way apt goes: through the proxy of apt's configuration, else the environment's, else directly. */
export async function dispatcherLikeApt(): Promise<Dispatcher> {
  const settings = await run(["apt-config", "shell", "HTTP", "Acquire::http::Proxy", "HTTPS", "Acquire::https::Proxy"], {
    accept: "any",
  }).then(
    (ran) => ran.stdout,
    () => "",
  );
  const httpProxy = proxyOf(settings, "HTTP");
  const httpsProxy = proxyOf(settings, "HTTPS") ?? httpProxy;
  const limits = { connectTimeout: 15_000, headersTimeout: 60_000, bodyTimeout: 60_000 };
  if (httpProxy === "DIRECT") return new Agent(limits);
  return new EnvHttpProxyAgent({
    ...limits,
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(httpsProxy === undefined || httpsProxy === "DIRECT" ? {} : { httpsProxy }),
  });
}

/** Reads `apt-config shell`'s answer: `HTTP='http://proxy:3128'`. */
export function proxyOf(settings: string, name: string): string | undefined {
  const value = new RegExp(`^${name}='([^']+)'$`, "m").exec(settings)?.[1];
  return value === undefined || value === "false" ? undefined : value;
}
