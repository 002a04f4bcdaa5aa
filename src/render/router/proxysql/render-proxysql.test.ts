import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Secret } from "../../../kernel/secret.ts";
import { parseLibconfig, printLibconfig } from "./libconfig.ts";
import { proxysqlArguments, renderProxysql } from "./render-proxysql.ts";

const plan = { listen: { address: "*", port: 3306 }, health: { address: "127.0.0.1", port: 6032 }, maxConnections: 500 };
const admin = (user: string, password: string) => ({ user, password: new Secret(password, "test") });

describe("ProxySQL's first configuration", () => {
  it("never tries a write again, listens where it is told, and has passwords of its own", () => {
    const { groups, settings } = parseLibconfig(renderProxysql(plan, admin("howdah", "0123456789abcdefXYZ")).reveal());
    expect(settings).toEqual({ datadir: "/var/lib/proxysql" });
    expect(groups["mysql_variables"]).toMatchObject({ query_retries_on_failure: 0, monitor_enabled: false, interfaces: "0.0.0.0:3306" });
    expect(groups["admin_variables"]).toMatchObject({
      admin_credentials: "howdah:0123456789abcdefXYZ",
      stats_credentials: "howdah-statistics:0123456789abcdefXYZ",
      mysql_ifaces: "127.0.0.1:6032",
    });
  });

  it("is a secret as a whole", () => {
    expect(String(renderProxysql(plan, admin("howdah", "0123456789abcdefXYZ")))).not.toContain("0123456789");
  });

  it.each([
    ["admin", "0123456789abcdefXYZ"],
    ["howdah", "admin"],
    ["howdah", "0123456789abcdef;admin:admin"],
    ["how:dah", "0123456789abcdefXYZ"],
  ])("refuses %s with the password %s", (user, password) => {
    expect(() => renderProxysql(plan, admin(user, password))).toThrow("needs a name");
  });

  it("phones nobody", () => {
    expect(proxysqlArguments()).toContain("--no-version-check");
  });
});

it("keeps hostile words words, or refuses them", () => {
  const pieces = fc.constantFrom('"', "\\", "\n", ";", "}", "{", "a", " ", "'", "\0", "é", "@include", "= 1");
  fc.assert(
    fc.property(fc.array(pieces, { minLength: 1, maxLength: 6 }), (parts) => {
      const file = { settings: { datadir: parts.join("") }, groups: { admin_variables: { x: parts.join("") } } };
      let text: string;
      try {
        text = printLibconfig(file);
      } catch (error) {
        expect(error).toMatchObject({ code: "render/unsafe" });
        return;
      }
      expect(parseLibconfig(text)).toEqual(file);
    }),
  );
});
