import { HowdahError } from "../../kernel/howdah-error.ts";
import { parseJson } from "../../kernel/parse-json.ts";
import { Secret } from "../../kernel/secret.ts";
import type { Credentials } from "./auth-file.ts";
import type { Challenge } from "./challenge.ts";
import { readUpTo } from "./read-body.ts";
import { failureOf } from "./registry-failure.ts";
import type { Wire, WireRequest } from "./wire.ts";

/** A token for some scopes. */
export interface Token {
  readonly value: Secret;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** What asking for a token needs. */
export interface TokenRequest {
  readonly challenge: Challenge;
  /** `repository:team/blog:pull,push`. */
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  /** Whether the registry itself is spoken to without TLS: only then may its token server be. */
  readonly plainAllowed: boolean;
  readonly what: string;
  readonly now: number;
}

/** A token that says nothing of its end is good for that long (the distribution specification's own number). */
const DEFAULT_SECONDS = 60;
/** A token is not used in its last moments. */
const MARGIN_MS = 10_000;
const LONGEST_ANSWER = 1 << 20;

/**
 * Asks the token server that a challenge names: GET with a password (distribution's token specification), POST with an identity token
 * (its OAuth2 specification). Errors: `registry/unauthorized`, `registry/refused` for a token server that may not be trusted with a password.
 */
export async function fetchToken(wanted: TokenRequest, wire: Wire, signal: AbortSignal): Promise<Token> {
  const { challenge, credentials, what, now } = wanted;
  const realm = realmOf(wanted);
  const service = challenge.parameters["service"];
  const parameters = new URLSearchParams(service === undefined ? {} : { service });
  let request: WireRequest = { method: "GET" };
  if (credentials?.kind === "identity-token") {
    const form = new URLSearchParams({ ...Object.fromEntries(parameters), grant_type: "refresh_token", client_id: "howdah" });
    form.set("scope", wanted.scopes.join(" "));
    form.set("refresh_token", credentials.token.reveal());
    const bytes = Buffer.from(form.toString());
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    request = { method: "POST", headers, body: { size: bytes.length, open: () => bytes } };
  } else {
    for (const scope of wanted.scopes) parameters.append("scope", scope);
    if (credentials !== undefined) request = { method: "GET", headers: { authorization: basicOf(credentials) } };
    for (const [name, value] of parameters) realm.searchParams.append(name, value);
  }
  const answer = await wire.send(realm, request, signal);
  const text = await readUpTo(answer.body, LONGEST_ANSWER, realm.host);
  if (answer.status !== 200) {
    throw failureOf({ host: realm.host, status: answer.status, headers: answer.headers, words: "", what: `sign-in for the ${what}`, now });
  }
  const { token, access_token: access, expires_in: seconds } = jsonOf(text);
  const value = typeof token === "string" && token !== "" ? token : access;
  if (typeof value !== "string" || !/^[\x21-\x7e]+$/.test(value)) {
    throw new HowdahError("registry/refused", `${realm.host}, the token server, answers without a token`);
  }
  const lasts = (typeof seconds === "number" && seconds > 0 ? seconds : DEFAULT_SECONDS) * 1000;
  return { value: new Secret(value, `a token of ${realm.host}`), until: now + Math.max(lasts - MARGIN_MS, lasts / 2) };
}

/** `Authorization` for a password. */
export function basicOf({ username, password }: Extract<Credentials, { kind: "password" }>): string {
  return `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString("base64")}`;
}

/** Where passwords go is said by the registry: never to a place without TLS, unless the registry is one itself. */
function realmOf({ challenge, plainAllowed }: TokenRequest): URL {
  const realm = challenge.parameters["realm"] ?? "";
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  const safe = url?.protocol === "https:" || (plainAllowed && url?.protocol === "http:");
  if (url === undefined || !safe || url.username !== "" || url.password !== "")
    throw new HowdahError("registry/refused", "The registry names a token server that may not be asked: it has no https address");
  return url;
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
