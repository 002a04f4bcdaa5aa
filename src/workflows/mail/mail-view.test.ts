import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mailboxRig, type MailboxRig } from "../../../test/support/mailbox-rig.ts";

const SCRIPT = `<script>alert(1)</script>`;
const HOSTILE = [
  `To: victim@example.org`,
  `From: "${SCRIPT}" <a"onmouseover="x@example.org>`,
  `Subject: ${SCRIPT}"'><img src=x onerror=alert(1)>`,
  `Reply-To: =?utf-8?Q?=3Cscript=3E=0D=0ASet-Cookie:_a=3Db?=`,
  `Content-Type: multipart/mixed; boundary=b`,
  "",
  "--b",
  "Content-Type: text/html; charset=utf-8",
  "",
  `${SCRIPT}<img src="http://tracker.example/x.png"><img src="cid:logo@x"><form action="https://evil.example"></form><meta http-equiv=refresh content="0;url=https://evil.example">`,
  "--b",
  "Content-Type: text/plain",
  "",
  `</pre>${SCRIPT}`,
  "--b",
  "Content-Type: image/png",
  "Content-ID: <logo@x>",
  "Content-Transfer-Encoding: base64",
  "",
  "iVBORw0KGgo=",
  "--b",
  `Content-Type: text/html; name="ignored"`,
  `Content-Disposition: attachment; filename="../../x\\"; b=\\r\\n${SCRIPT}.html"`,
  "",
  SCRIPT,
  "--b",
  `Content-Type: image/svg+xml`,
  `Content-Disposition: inline; filename*=utf-8''%E2%80%AEgpj.exe%0d%0aX-Evil:%201`,
  "",
  "<svg onload=alert(1)>",
  "--b--",
].join("\r\n");

describe("the web view of an environment's mails", () => {
  let rig: MailboxRig;
  let origin: string;
  let id: string;
  const get = async (path: string, init: RequestInit = {}): Promise<Response> =>
    await fetch(`${origin}/-/mail/${path}`, { redirect: "manual", ...init });

  beforeAll(async () => {
    rig = mailboxRig();
    origin = await rig.view();
    await rig.run(["php", "-n", rig.program("sendmail.php"), "-t"], HOSTILE);
    id = /href="([^"]+)"><span/.exec(await (await get("")).text())?.[1] ?? "";
  });
  afterAll(() => rig.stop());

  it("shows nothing of a mail as markup of its own, and runs no script at all", async () => {
    for (const path of ["", id]) {
      const answer = await get(path);
      const html = await answer.text();
      expect(answer.status).toBe(200);
      expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
      expect(html).not.toMatch(/<script|<img|<svg|<form action|onerror=alert\(1\)>/);
      expect(answer.headers.get("content-security-policy")).toMatch(
        /^default-src 'none'; .*frame-ancestors 'none'; style-src 'sha256-[^']+'$/,
      );
      expect(answer.headers.get("set-cookie")).toBeNull();
      expect(answer.headers.get("cache-control")).toBe("no-store");
    }
  });

  it("frames a mail's HTML where nothing runs and nothing is loaded, with its own pictures", async () => {
    expect(await (await get(id)).text()).toContain(
      '<iframe title="The mail as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox"',
    );
    const answer = await get(`${id}/html`);
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("img-src data:;");
    expect(policy).toContain("form-action 'none'");
    expect(policy).toMatch(/sandbox allow-popups allow-popups-to-escape-sandbox$/);
    expect(await answer.text()).toContain('<img src="data:image/png;base64,iVBORw0KGgo=">');
  });

  it("gives files away as bytes to save, whatever they say they are, under names that mean nothing", async () => {
    const html = await (await get(id)).text();
    const parts = [...html.matchAll(/href="[^"]+\/part\/(\d+)"/g)].map(([, number]) => number);
    expect(parts).toEqual(["2", "3", "4"]);
    const said = await Promise.all(
      parts.map(async (part) => {
        const { headers } = await get(`${id}/part/${part ?? ""}`);
        expect(headers.get("content-security-policy")).toContain("sandbox");
        expect(headers.get("x-evil")).toBeNull();
        return [headers.get("content-type"), headers.get("content-disposition")];
      }),
    );
    expect(said).toEqual([
      ["image/png", `attachment; filename="part-2"; filename*=UTF-8''part-2`],
      [
        "application/octet-stream",
        expect.stringMatching(/^attachment; filename="[^"\\/<>]*html"; filename\*=UTF-8''[A-Za-z0-9._~%-]*html$/),
      ],
      ["application/octet-stream", expect.stringMatching(/^attachment; filename="gpj\.exe X-Evil- 1"; /)],
    ]);
  });

  it("answers nothing outside the mailbox, and deletes only when its own page asks", async () => {
    for (const path of ["../../etc/passwd", "..%2f..%2fetc%2fpasswd/raw", `${id}/part/99`, `${id}/part/-1`, `${id}/else`, "%00", "x"])
      expect((await get(path)).status).toBe(404);
    const host = new URL(origin).host;
    const post = async (path: string, headers: Record<string, string>): Promise<number> =>
      (await get(path, { method: "POST", headers })).status;
    expect(await post("clear", {})).toBe(403);
    expect(await post("clear", { origin: "https://evil.example" })).toBe(403);
    expect(await post("clear", { "sec-fetch-site": "cross-site", origin: `http://${host}` })).toBe(403);
    expect(await post(`${id}/delete`, { "sec-fetch-site": "same-origin" })).toBe(303);
    expect((await get(id)).status).toBe(404);
    expect((await get("", { method: "PUT" })).status).toBe(405);
  });
});
