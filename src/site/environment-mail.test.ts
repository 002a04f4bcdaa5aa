import { describe, expect, it } from "vitest";
import { mailHosts, mailVariables } from "./environment-mail.ts";
import type { Variable } from "./site.ts";

const literal = (name: string, value: string): Variable => ({ name, from: "literal", value });

describe("the variables of an environment's mail", () => {
  it("lead to the loopback by every convention", () => {
    expect(mailVariables({ variables: [] })).toEqual({
      MAILER_DSN: "smtp://127.0.0.1:1025?auto_tls=false",
      MAIL_MAILER: "smtp",
      MAIL_HOST: "127.0.0.1",
      MAIL_PORT: "1025",
      SMTP_HOST: "127.0.0.1",
      SMTP_PORT: "1025",
    });
  });

  it("take the place of what would insist on TLS or on production's password, and of nothing else", () => {
    const variables: Variable[] = [
      { name: "SMTP_PASSWORD", from: "secret", secret: "smtp", key: "password" },
      literal("MAIL_ENCRYPTION", "tls"),
      literal("MAILER_URL", "smtp://u:p@smtp.example.org:587"),
      literal("SMTP_SECURE", "ssl"),
      literal("MAIL_FROM_ADDRESS", "shop@example.org"),
      literal("MAILCHIMP_KEY", "k"),
    ];
    expect(mailVariables({ variables })).toMatchObject({
      SMTP_PASSWORD: "caught",
      MAIL_ENCRYPTION: "",
      MAILER_URL: "smtp://127.0.0.1:1025",
      SMTP_SECURE: "",
    });
    expect(Object.keys(mailVariables({ variables }))).not.toContain("MAIL_FROM_ADDRESS");
    expect(Object.keys(mailVariables({ variables }))).not.toContain("MAILCHIMP_KEY");
  });
});

describe("the mail servers that a site file names", () => {
  const relationships = [
    { name: "smtp", host: "Relay.example.org", port: 2526 },
    { name: "outgoing", host: "mx.example.org", port: 465 },
    { name: "search", host: "search.example.org", port: 9200 },
    { name: "numbers", host: "192.0.2.1", port: 25 },
  ];

  it("are those of relationships by name or port, and of variables that lead somewhere", () => {
    const variables = [
      literal("SMTP_HOST", "smtp.example.org"),
      literal("MAILER_DSN", "smtp://user:pa%40ss@dsn.example.org:587?verify_peer=0"),
      literal("MAIL_SERVER", "mail.example.org:25"),
      literal("MAIL_HOST", "localhost"),
      literal("MAIL_FROM", "shop@from.example.org"),
      literal("MAIL_DOMAIN", "domain.example.org"),
      literal("API_HOST", "api.example.org"),
      literal("MAIL_URL", "https://webmail.example.org/inbox"),
    ];
    expect(mailHosts({ relationships, variables }, [])).toEqual([
      "dsn.example.org",
      "mail.example.org",
      "mx.example.org",
      "relay.example.org",
      "smtp.example.org",
    ]);
  });

  it("are no names that would be an argument of podman's, and not those that an environment may reach", () => {
    const variables = [
      literal("SMTP_HOST", "a.b:1 --privileged"),
      literal("MAIL_HOST", "x.example.org,y"),
      literal("SMTP_SERVER", "-x.example.org"),
    ];
    expect(mailHosts({ relationships, variables }, ["relay.example.org:443"])).toEqual(["mx.example.org"]);
  });
});
