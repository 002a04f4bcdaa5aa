import { Agent, request } from "undici";
import type { Secret } from "../../kernel/secret.ts";

/** Bytes of a body that a check looks at. */
const BODY_LIMIT = 64 * 1024;

/**
 * One GET straight to an address with a Host of our choice; redirects are not followed, so that a check sees what the site itself says.
 * Rejects when nothing answers within `timeoutMs`.
 */
export async function httpGet(
  url: string,
  options: {
    readonly host: string;
    readonly connect: { readonly address: string; readonly port: number };
    readonly timeoutMs: number;
    readonly authorization?: Secret;
  },
): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }> {
  const { pathname, search, protocol, hostname } = new URL(url);
  const secure = protocol === "https:";
  // Who we ask is this machine's own edge, by address: whether strangers trust its certificate is another question.
  const dispatcher = secure ? { dispatcher: new Agent({ connect: { servername: hostname, rejectUnauthorized: false } }) } : {};
  const login = options.authorization === undefined ? {} : { authorization: options.authorization.reveal() };
  const response = await request(
    `${secure ? "https" : "http"}://${options.connect.address}:${String(options.connect.port)}${pathname}${search}`,
    {
      headers: { host: options.host, "user-agent": "howdah-health", ...login },
      ...dispatcher,
      signal: AbortSignal.timeout(options.timeoutMs),
    },
  );
  let body = "";
  for await (const chunk of response.body.setEncoding("utf8")) {
    if (body.length < BODY_LIMIT) body += String(chunk);
  }
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
  );
  return { status: response.statusCode, headers, body: body.slice(0, BODY_LIMIT) };
}
