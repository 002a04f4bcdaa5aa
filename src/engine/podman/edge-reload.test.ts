import { describe, expect, it } from "vitest";
import { renderEdge } from "../../render/nginx/render-edge-config.ts";
import { differsOnlyInAddresses } from "./edge-reload.ts";

const edge = (change: {
  readonly address?: string;
  readonly hostname?: string;
  readonly backends?: readonly { address: string; port: number }[];
}) =>
  renderEdge({
    listen: { bind: "127.0.0.1", httpPort: 8080 },
    routes: [
      {
        namespace: "blog",
        name: "web",
        hostnames: [change.hostname ?? "blog.localhost"],
        backends: change.backends ?? [{ address: change.address ?? "10.89.0.2", port: 8080 }],
      },
    ],
  });

describe("a new configuration of the edge", () => {
  it.each([
    { name: "another pod", after: edge({ address: "10.89.0.33" }), only: true },
    { name: "a pod with an IPv6 address", after: edge({ address: "fd00::5" }), only: true },
    { name: "another hostname", after: edge({ hostname: "shop.localhost" }), only: false },
    { name: "no pod", after: edge({ backends: [] }), only: false },
    {
      name: "two pods",
      after: edge({
        backends: [
          { address: "10.89.0.2", port: 8080 },
          { address: "10.89.0.3", port: 8080 },
        ],
      }),
      only: false,
    },
  ])("with $name differs only in addresses: $only", ({ after, only }) => {
    expect(differsOnlyInAddresses(edge({}), after)).toBe(only);
  });
});
