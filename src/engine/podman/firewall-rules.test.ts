import { describe, expect, it } from "vitest";
import { changeFor, foundIn, isClosed, rulesFor } from "./firewall-rules.ts";
import { namesOf } from "./names.ts";

const { chains } = namesOf("howdah");
const blog = { name: "howdah.blog", bridge: "podman1", gateway: "10.89.0.1" };
const shop = { name: "howdah.shop", bridge: "podman2", gateway: "10.89.1.1" };
const foreign = [":FORWARD ACCEPT [0:0]", "-A FORWARD -j MINE", "-A MINE -i podman1 -j ACCEPT"];

/** A kernel that has one table, as far as these transactions use it. */
function restored(saved: readonly string[], change: string | undefined): string[] {
  let lines = [...saved];
  for (const line of change?.split("\n") ?? []) {
    const [verb, chain] = line.split(" ");
    if (line.startsWith(":")) lines = [...lines.filter((one) => !one.startsWith(`-A ${line.slice(1).split(" ")[0] ?? ""} `)), line];
    else if (verb === "-F") lines = lines.filter((one) => !one.startsWith(`-A ${chain ?? ""} `));
    else if (verb === "-X") lines = lines.filter((one) => !one.startsWith(`:${chain ?? ""} `));
    else if (verb === "-D") lines.splice(lines.indexOf(`-A ${line.slice(3)}`), 1);
    else if (verb === "-A") lines.push(line);
  }
  return [...new Set(lines.filter((line) => line.startsWith(":"))), ...lines.filter((line) => !line.startsWith(":"))];
}
const wanted = rulesFor("iptables", [shop, blog], [443, 80]);
const change = (saved: readonly string[], rules = wanted): string | undefined =>
  changeFor(foundIn(saved.join("\n"), chains), rules, chains);
const removal = (saved: readonly string[]): string | undefined => changeFor(foundIn(saved.join("\n"), chains), undefined, chains);
const whole = restored(foreign, change(foreign));

describe("the firewall's rules", () => {
  it("let into a network what its pods asked for, and to the machine its name server and the way in", () => {
    expect(rulesFor("iptables", [blog], [80, 443, 80])).toMatchInlineSnapshot(`
      {
        "forward": [
          "-m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j RETURN",
          "! -i podman1 -o podman1 -m comment --comment "howdah.blog" -j DROP",
          "-d 169.254.0.0/16 -i podman1 -m comment --comment "howdah.blog" -j DROP",
          "-d 100.100.100.200/32 -i podman1 -m comment --comment "howdah.blog" -j DROP",
          "-d 168.63.129.16/32 -i podman1 -m comment --comment "howdah.blog" -j DROP",
        ],
        "input": [
          "! -i podman+ -j RETURN",
          "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
          "-i podman1 -p tcp -m multiport --dports 80,443 -m connlimit --connlimit-above 512 --connlimit-mask 32 --connlimit-saddr -j DROP",
          "-p tcp -m multiport --dports 80,443 -j RETURN",
          "-d 10.89.0.1/32 -i podman1 -p udp -m udp --dport 53 -j RETURN",
          "-d 10.89.0.1/32 -i podman1 -p tcp -m tcp --dport 53 -j RETURN",
          "-i podman1 -m comment --comment "howdah.blog" -j DROP",
        ],
      }
    `);
  });

  it("close the way out of an environment but to the servers that are named, before anything is let through", () => {
    const only = [
      { address: "192.0.2.7", port: 443 },
      { address: "192.0.2.7", port: 443 },
    ];
    const { forward } = rulesFor("iptables", [{ ...blog, only }, shop], [80]);
    expect(forward.slice(0, 6)).toMatchInlineSnapshot(`
      [
        "-d 169.254.0.0/16 -i podman1 -m comment --comment "howdah.blog" -j DROP",
        "-d 100.100.100.200/32 -i podman1 -m comment --comment "howdah.blog" -j DROP",
        "-d 168.63.129.16/32 -i podman1 -m comment --comment "howdah.blog" -j DROP",
        "-d 192.0.2.7/32 -i podman1 -p tcp -m tcp --dport 443 -m comment --comment "howdah.blog" -j RETURN",
        "-i podman1 ! -o podman1 -m conntrack --ctstate NEW -m comment --comment "howdah.blog" -j DROP",
        "-m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j RETURN",
      ]
    `);
    const saved = restored(foreign, change(foreign, rulesFor("iptables", [{ ...blog, only: [] }, shop], [80])));
    const found = foundIn(saved.join("\n"), chains);
    expect(isClosed(found, blog.name, true)).toBe(true);
    expect(isClosed(found, shop.name, true)).toBe(false);
    expect(() => rulesFor("iptables", [{ ...blog, only: [{ address: "1.2.3.4 -j ACCEPT", port: 1 }] }], [])).toThrow(/firewall's rule/);
  });

  it("let no IPv6 pass, which these networks don't have", () => {
    expect(rulesFor("ip6tables", [blog], [80])).toMatchInlineSnapshot(`
      {
        "forward": [
          "! -i podman1 -o podman1 -m comment --comment "howdah.blog" -j DROP",
          "-i podman1 ! -o podman1 -m comment --comment "howdah.blog" -j DROP",
        ],
        "input": [
          "-i podman1 -m comment --comment "howdah.blog" -j DROP",
        ],
      }
    `);
  });

  it("don't depend on the order of networks and ports", () => {
    expect(rulesFor("iptables", [blog, shop], [80, 443])).toEqual(wanted);
  });

  it("look at visitors' packets even when a bridge has another name than podman's", () => {
    expect(rulesFor("iptables", [blog, { ...shop, bridge: "br-shop" }], []).input[0]).not.toContain("podman+");
  });

  it.each<{ name: string; network: typeof blog; ports: number[] }>([
    { name: "name", network: { ...blog, name: 'howdah.blog" -j ACCEPT' }, ports: [] },
    { name: "bridge", network: { ...blog, bridge: "podman1\n-A INPUT -j ACCEPT" }, ports: [] },
    { name: "address", network: { ...blog, gateway: "0.0.0.0/0" }, ports: [] },
    { name: "port", network: blog, ports: [70_000] },
    { name: "list of ports", network: blog, ports: Array.from({ length: 16 }, (_, index) => index + 1) },
  ])("refuse a $name that could say something else", ({ network, ports }) => {
    expect(() => rulesFor("iptables", [network], ports)).toThrow(/firewall's rule/);
  });
});

describe("changing the kernel's rules", () => {
  it("puts all of them, and leaves those of others", () => {
    expect(whole).toEqual(expect.arrayContaining(foreign));
    expect(foundIn(whole.join("\n"), chains)).toEqual({
      chains: ["howdah.forward", "howdah.input"],
      jumps: { forward: 1, input: 1 },
      ...wanted,
    });
  });

  it.each<{ name: string; saved: string[] }>([
    { name: "a jump is missing", saved: whole.filter((line) => line !== "-A FORWARD -j howdah.forward") },
    { name: "a jump is there twice", saved: [...whole, "-A INPUT -j howdah.input"] },
    { name: "a rule is missing", saved: whole.filter((line) => !line.includes("-d 10.89.0.1/32")) },
    { name: "somebody's rule is among them", saved: [...whole, "-A howdah.forward -j ACCEPT"] },
    { name: "a chain is missing", saved: whole.filter((line) => !line.includes("howdah.input")) },
    { name: "a network is new", saved: restored(foreign, change(foreign, rulesFor("iptables", [blog], [80, 443]))) },
    { name: "all were flushed", saved: foreign },
  ])("mends them when $name", ({ saved }) => {
    const mended = restored(saved, change(saved));
    expect(change(mended)).toBeUndefined();
    expect(foundIn(mended.join("\n"), chains)).toEqual(foundIn(whole.join("\n"), chains));
  });

  it("takes all of them away without a network, and then nothing", () => {
    const doubled = [...whole, "-A INPUT -j howdah.input"];
    const without = restored(doubled, removal(doubled));
    expect(without.toSorted()).toEqual(foreign.toSorted());
    expect(removal(without)).toBeUndefined();
  });
});

describe("a network is taken for closed", () => {
  it.each<{ name: string; saved: string[]; closed: boolean }>([
    { name: "with its rules and the way to them", saved: whole, closed: true },
    { name: "never without a jump", saved: whole.filter((line) => line !== "-A INPUT -j howdah.input"), closed: false },
    { name: "never without its rule", saved: whole.filter((line) => !line.includes('"howdah.blog"')), closed: false },
    { name: "never by another's", saved: whole.map((line) => line.replace("howdah.blog", "howdah.blog-2")), closed: false },
    { name: "never when nothing is there", saved: [], closed: false },
  ])("$name", ({ saved, closed }) => {
    expect(isClosed(foundIn(saved.join("\n"), chains), "howdah.blog")).toBe(closed);
  });
});
