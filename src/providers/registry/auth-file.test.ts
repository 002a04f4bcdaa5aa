import { expect, it } from "vitest";
import { type AuthEntry, findInAuthFile } from "./auth-file.ts";

const auth = (user: string, password: string): { auth: string } => ({ auth: Buffer.from(`${user}:${password}`).toString("base64") });
const file = JSON.stringify({
  auths: {
    "registry.example.org": auth("host", "h:colon"),
    "registry.example.org/team": auth("team", "t"),
    "registry.example.org/team/blog/web": auth("web", "w"),
    "https://index.docker.io/v1/": auth("docker", "d"),
    "https://plain.example.org:5000/v2/": { username: "named", password: "n" },
    "cloud.example.org": { auth: "", identitytoken: "refresh" },
    "broken.example.org": { auth: "bm9jb2xvbg==" },
    "stored.example.org": {},
  },
  credHelpers: { "helped.example.org": "ecr-login", "evil.example.org": "../../bin/sh" },
  credsStore: "secretservice",
});

function words(entry: AuthEntry | undefined): string {
  if (entry === undefined) return "nothing";
  if (entry.kind === "helper") return `helper ${entry.name}`;
  return entry.kind === "password" ? `${entry.username} ${entry.password.reveal()}` : `identity ${entry.token.reveal()}`;
}

it.each([
  ["registry.example.org", "other/app", "host h:colon"],
  ["registry.example.org", "team/app", "team t"],
  ["registry.example.org", "team/blog/web", "web w"],
  ["registry.example.org", "teamwork/app", "host h:colon"],
  ["docker.io", "library/php", "docker d"],
  ["plain.example.org:5000", "a", "named n"],
  ["cloud.example.org", "a", "identity refresh"],
  ["broken.example.org", "a", "helper secretservice"],
  ["stored.example.org", "a", "helper secretservice"],
  ["helped.example.org", "a", "helper ecr-login"],
  ["evil.example.org", "a", "nothing"],
  ["unknown.example.org", "a", "nothing"],
])("%s/%s has %s", (registry, path, expected) => {
  expect(words(findInAuthFile(file, registry, path))).toBe(expected);
});

it.each(["", "{", "[]", "null", '{"auths": []}', '{"auths": {"a": 1}}', '{"auths": {"a.b": {"auth": 5}}}'])(
  "finds nothing in %j",
  (text) => {
    expect(findInAuthFile(text, "a.b", "c")).toBeUndefined();
  },
);

it("prints no secret", () => {
  expect(JSON.stringify(findInAuthFile(file, "registry.example.org", "team/app"))).not.toContain('"t"');
});
