import { expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import type { GeneratedValue, SecretData } from "../../providers/secrets/secret-store.ts";
import type { Ports } from "../ports.ts";
import { prepareSessions } from "./prepare-sessions.ts";

const PASSWORD = "a".repeat(40);

function machine() {
  const put: [namespace: string, name: string, data: SecretData][] = [];
  const ports = {
    secrets: {
      getOrGenerate: (namespace: string, name: string, key: string, { bytes, encoding }: GeneratedValue) =>
        Promise.resolve(new Secret(PASSWORD, [namespace, name, key, bytes, encoding].join(" "))),
    },
    engine: {
      putSecret: (namespace: string, name: string, data: SecretData) => {
        put.push([namespace, name, data]);
        return Promise.resolve("digest");
      },
    },
  } as unknown as Ports;
  return { ports, put };
}

it("puts one password for both sides, made once, and tells rendering where it is", async () => {
  const { ports, put } = machine();
  expect(await prepareSessions("blog", "valkey:1", ports)).toEqual({
    image: "valkey:1",
    secretName: "session-server",
    secretDigest: "digest",
  });
  const [namespace, name, data] = put[0] ?? [];
  expect([namespace, name, data?.["password"]?.reveal()]).toEqual(["blog", "session-server", PASSWORD]);
  expect(data?.["password"]?.origin).toBe("blog session-server password 40 alphanumeric");
  expect(data?.["users.acl"]?.reveal()).toContain(`user php on >${PASSWORD} `);
  expect(JSON.stringify(data)).not.toContain(PASSWORD);
});

it("makes no secret for a site without a server", async () => {
  const { ports, put } = machine();
  expect(await prepareSessions("blog", null, ports)).toBeNull();
  expect(put).toEqual([]);
});
