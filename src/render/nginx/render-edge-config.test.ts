import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EdgeInput, EdgeRoute } from "./edge-input.ts";
import { escapeHtml } from "./edge-pages.ts";
import { renderEdge } from "./render-edge-config.ts";

const blog: EdgeRoute = {
  namespace: "blog",
  name: "web",
  hostnames: ["blog.localhost", "www.example.org"],
  backends: [
    { address: "10.89.0.5", port: 8080 },
    { address: "10.89.0.6", port: 8080 },
  ],
  maxBodyBytes: 67_108_864,
};
const shop: EdgeRoute = {
  namespace: "shop",
  name: "web",
  hostnames: ["shop.example.org", "*.shop.example.org"],
  backends: [{ address: "fd00:89::7", port: 8080 }],
  tls: { certificate: "/etc/howdah-edge/a.crt", key: "/etc/howdah-edge/a.key" },
};
const starting: EdgeRoute = { namespace: "wiki", name: "web", hostnames: ["wiki.localhost"], backends: [] };
const sleepy: EdgeRoute = {
  ...blog,
  namespace: "sleepy",
  hostnames: ["sleepy.localhost"],
  idle: { visits: "/run/visits.sleepy", wakes: "people" },
};
const asleep: EdgeRoute = {
  ...starting,
  namespace: "asleep",
  hostnames: ["asleep.localhost"],
  idle: { visits: "/run/visits.asleep", wakes: "people", wake: "/run/wake.sock" },
};
const open: EdgeRoute = { ...asleep, namespace: "open", hostnames: ["open.localhost"], idle: { wakes: "anyone", wake: "/run/wake.sock" } };
const listen = { bind: "0.0.0.0", httpPort: 8080, httpsPort: 8443 };

describe("renderEdge", () => {
  it.each<[string, EdgeInput]>([
    ["edge", { listen, routes: [shop, starting, blog] }],
    ["edge-idle", { listen, routes: [sleepy, asleep, open] }],
    ["edge-empty", { listen: { bind: "127.0.0.1", httpPort: 80 }, routes: [] }],
    ["edge-behind-balancer", { listen: { bind: "::", httpPort: 8080 }, routes: [blog], trustedProxies: ["192.0.2.0/24"] }],
  ])("%s is rendered as committed", async (name, input) => {
    await expect(renderEdge(input)).toMatchFileSnapshot(join(import.meta.dirname, "expected", `${name}.conf`));
  });

  it("does not depend on the order of routes", () => {
    expect(renderEdge({ listen, routes: [blog, shop, starting] })).toBe(renderEdge({ listen, routes: [starting, shop, blog] }));
  });

  it("gives a hostname to one site only (E6)", () => {
    expect(() => renderEdge({ listen, routes: [blog, { ...starting, hostnames: ["blog.localhost"] }] })).toThrow(
      /blog\.localhost belongs to blog\/web/,
    );
  });

  it.each(["evil.example victim.example", "a;b", "x\ny", "_", "~^.*$", "UPPER.example", "", "a..b", "*.*.x", "a{b}"])(
    "refuses the hostname %j",
    (hostname) => {
      expect(() => renderEdge({ listen, routes: [{ ...blog, hostnames: [hostname] }] })).toThrow(/Not a hostname/);
    },
  );

  it.each([
    { address: "10.0.0.1;", port: 80 },
    { address: "example.org", port: 80 },
    { address: "10.0.0.1", port: 70_000 },
  ])("refuses the backend %j", (backend) => {
    expect(() => renderEdge({ listen, routes: [{ ...blog, backends: [backend] }] })).toThrow(/Not a(n address| port)/);
  });

  it("escapes text in its pages", () => {
    expect(escapeHtml(`<script>alert("x")&'`)).toBe("&lt;script&gt;alert(&quot;x&quot;)&amp;&#39;");
  });
});
