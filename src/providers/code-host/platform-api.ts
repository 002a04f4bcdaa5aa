import type { z } from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";

/** A platform's API: where it is, and what every call carries. */
export interface PlatformApi {
  readonly api: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

/** One call. `path` begins with a slash; its parts are encoded by the caller. */
export interface PlatformCall {
  readonly method: "GET" | "POST" | "PATCH" | "PUT";
  readonly path: string;
  readonly body?: object;
}

const TIMEOUT_MS = 15_000;
const MOST_BYTES = 16 * 1024 * 1024;
/** Pauses before the calls that repeat one. */
const PAUSES_MS = [1000, 4000];

/**
 * Calls it and answers its JSON; undefined: there is none such (404). What only reads or replaces is repeated when the platform does not answer; what makes
 * something never is. No redirect is followed: the token goes nowhere else.
 */
export async function callPlatform(platform: PlatformApi, call: PlatformCall, signal: AbortSignal): Promise<unknown> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await callOnce(platform, call, signal);
    } catch (error) {
      const pause = call.method === "POST" ? undefined : PAUSES_MS[attempt];
      if (signal.aborted || pause === undefined || !(error instanceof HowdahError) || error.code !== "code-host/unreachable") throw error;
      await platform.clock.sleep(pause, signal);
    }
  }
}

async function callOnce({ api, headers }: PlatformApi, { method, path, body }: PlatformCall, signal: AbortSignal): Promise<unknown> {
  const where = `${method} ${api}${path}`;
  try {
    const answer = await fetch(`${api}${path}`, {
      method,
      headers: { ...headers, "user-agent": "howdah", ...(body === undefined ? {} : { "content-type": "application/json" }) },
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await boundedText(answer, where);
    const failure = failureOf(answer, where);
    if (failure !== undefined) throw failure;
    return answer.status === 404 ? undefined : JSON.parse(text);
  } catch (error) {
    if (error instanceof HowdahError) throw error;
    if (signal.aborted) throw new HowdahError("cancelled", `Stopped during ${where}`);
    const why = error instanceof SyntaxError ? "answers no JSON" : "does not answer";
    throw new HowdahError("code-host/unreachable", `${where} ${why}`, { cause: error });
  }
}

async function boundedText(answer: Response, where: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body ?? []) {
    bytes += part.byteLength;
    if (bytes > MOST_BYTES) throw new HowdahError("code-host/refused", `${where} answers more than 16 MiB`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function failureOf({ status, headers }: Response, where: string): HowdahError | undefined {
  if ((status >= 200 && status < 300) || status === 404) return undefined;
  const isLimited = status === 429 || (status === 403 && headers.get("x-ratelimit-remaining") === "0");
  if (isLimited || status >= 500) return new HowdahError("code-host/unreachable", `${where} answers ${String(status)}`);
  if (status >= 300 && status < 400)
    return new HowdahError(
      "code-host/refused",
      `${where} answers ${String(status)}: the project is somewhere else, and no token follows it there`,
    );
  return new HowdahError("code-host/refused", `${where} answers ${String(status)}`);
}

/**
 * An answer in the shape that it is expected in. Whoever answers something else (a proxy, another program, a platform that changed its API) is named, with where
 * its answer differs; values are not repeated. Error: `code-host/refused`.
 */
export function readAnswer<T>(
  schema: z.ZodType<T>,
  answer: unknown,
  { platform, what }: { readonly platform: "GitHub" | "GitLab"; readonly what: string },
): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  const where = [...new Set(read.error.issues.map(({ path }) => (path.length === 0 ? "its top" : path.map(String).join("."))))].slice(0, 3);
  throw new HowdahError(
    "code-host/refused",
    `${platform} answers no ${what} in the shape of its API: ${where.join(", ")} is not as expected`,
    {
      hint: `Is it ${platform} itself that answers there, or something before it, such as a proxy with a page of its own? \`howdah review ls\` says where the project is.`,
    },
  );
}

/** What a project or merge request of a token that may not read it looks like, too. */
export function notThere(what: string): HowdahError {
  return new HowdahError("code-host/refused", `The platform knows no ${what} that the token may read`);
}
