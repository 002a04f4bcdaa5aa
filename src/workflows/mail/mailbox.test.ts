import { execFileSync } from "node:child_process";
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mailboxRig, type MailboxRig, saySmtp } from "../../../test/support/mailbox-rig.ts";
import { attachProcess } from "../../engine/podman/attach-process.ts";
import type { Engine, EngineContext, ExecRequest } from "../../engine/engine.ts";
import { siteFixture } from "../../render/php/site-fixture.ts";
import type { Site } from "../../site/site.ts";
import { clearMails } from "./clear-mails.ts";
import { listMails } from "./list-mails.ts";
import { readMail } from "./read-mail.ts";

const context: EngineContext = { emit: () => undefined, signal: new AbortController().signal };
const production = siteFixture();
const environment: Site = {
  ...production,
  preview: { of: "blog", allow: [], password: false, databaseBytes: 0, data: { database: null, mounts: {} } },
};
const record = { site: environment, namespace: "blog--review" };

let rig: MailboxRig;
beforeEach(() => {
  rig = mailboxRig();
});
afterEach(() => rig.stop());

/** Runs the container's program on this machine's PHP. */
const ports = (): { readonly engine: Engine } => {
  const exec = async (_target: unknown, request: ExecRequest, during: EngineContext): Promise<number> => {
    const argv = request.argv.map((word) => (word.startsWith("/usr/lib/howdah/mail/") ? rig.program(word.slice(21)) : word));
    return await attachProcess(["env", `HOWDAH_MAIL_DIRECTORY=${rig.directory}`, ...argv], {
      stdin: request.stdin ?? "none",
      stdout: request.stdout ?? "inherit",
      stderr: request.stderr ?? "inherit",
      signal: during.signal,
    });
  };
  return { engine: { exec } as unknown as Engine };
};
const all = { subject: "", waitSeconds: 0 };
const sendmail = async (mail: string, ...words: string[]): Promise<number> =>
  (await rig.run(["php", "-n", rig.program("sendmail.php"), "-t", "-i", ...words], mail)).code;
const modern = Number(execFileSync("php", ["-r", "echo PHP_MAJOR_VERSION;"], { encoding: "utf8" })) >= 8;

const WHOLE = [
  'To: "Doe, Jane <x@y>" <jane@example.org>, joe@example.org',
  "Bcc: hidden@example.org",
  "From: =?UTF-8?Q?J=C3=B6rg?= <joerg@example.org>",
  "Subject: =?utf-8?B?SGFsbG8gV8O2cmxk?=",
  " =?iso-8859-1?Q?_=FCber_uns?=",
  'Content-Type: multipart/mixed; boundary="a b"',
  "",
  "--a b",
  "Content-Type: multipart/alternative; boundary=inner",
  "",
  "--inner",
  "Content-Type: text/plain; charset=iso-8859-1",
  "Content-Transfer-Encoding: quoted-printable",
  "",
  "Gr=FC=DFe=",
  "!",
  "--inner",
  "Content-Type: text/html; charset=utf-8",
  "",
  "<b>Grüße</b>",
  "--inner--",
  "--a b",
  "Content-Disposition: attachment;",
  " filename*0*=UTF-8''r%C3%A4ch; filename*1=\"nung.pdf\"",
  "Content-Type: application/pdf",
  "Content-Transfer-Encoding: base64",
  "",
  "aGVsbG8=",
  "--a b--",
].join("\r\n");

describe("an environment's mailbox", () => {
  it("takes what sendmail is given, and reads it as people do", async () => {
    expect(await sendmail(WHOLE, "-fbounce@example.org")).toBe(0);
    const [summary] = await listMails(record, all, ports(), context);
    expect(summary).toMatchObject({
      from: "Jörg <joerg@example.org>",
      to: ["jane@example.org", "joe@example.org", "hidden@example.org"],
      subject: "Hallo Wörld über uns",
      by: "sendmail",
    });
    expect(summary?.received).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const mail = await readMail(record, "newest", ports(), context);
    expect(mail).toMatchObject({ sender: "bounce@example.org", text: "Grüße!", html: "<b>Grüße</b>" });
    expect(mail.attachments).toEqual([{ number: 2, name: "rächnung.pdf", type: "application/pdf", bytes: 5 }]);
  });

  it.runIf(modern)("is what mail() sends to where PHP's own is switched off", async () => {
    const script = join(rig.directory, "page.php");
    writeFileSync(
      script,
      `<?php
      var_dump(mail("a@example.org", "Two\\r\\nlines", "Body\\n.\\nend", ["From" => "f@example.org", "X-A" => ["1", "2\\r\\nBcc: evil@example.org"]], "-fb@example.org"));
      var_dump(mail(to: "b@example.org", subject: "Named", message: "m", additional_headers: "From: g@example.org\\r\\nX-B: 1"));
      var_dump(mb_send_mail("c@example.org", "Übung", "Hällo"));`,
    );
    const settings = ["-d", "disable_functions=mail,mb_send_mail", "-d", `auto_prepend_file=${rig.program("function.php")}`];
    const { stdout } = await rig.run(["php", ...settings, script]);
    expect(stdout).toBe("bool(true)\nbool(true)\nbool(true)\n");
    const mails = await listMails(record, all, ports(), context);
    expect(mails.map(({ subject, to, by, from }) => ({ subject, to, by, from }))).toEqual([
      { subject: "Übung", to: ["c@example.org"], by: "mail()", from: "" },
      { subject: "Named", to: ["b@example.org"], by: "mail()", from: "g@example.org" },
      { subject: "Two  lines", to: ["a@example.org"], by: "mail()", from: "f@example.org" },
    ]);
    expect((await readMail(record, mails[0]?.id ?? "", ports(), context)).text).toBe("Hällo");
    expect((await readMail(record, mails[2]?.id ?? "", ports(), context)).text).toBe("Body\n.\nend");
  });

  it("takes what is said by SMTP, from whoever it is, and shows what was meant", async () => {
    const port = await rig.listen();
    const heard = await saySmtp(port, [
      "EHLO x",
      "AUTH PLAIN AHUAcA==",
      "AUTH LOGIN",
      "dQ==",
      "cA==",
      "STARTTLS",
      "RCPT TO:<early@example.org>",
      "MAIL FROM:<> SIZE=99999999999",
      "MAIL FROM:<bounce@example.org> BODY=8BITMIME",
      "RCPT TO:<a@example.org>",
      "RCPT TO:<b@example.org> NOTIFY=NEVER",
      "DATA",
      "Subject: dots\r\n\r\n..begin\r\nmiddle .\r\n..\r\nend\r\n.\r\n",
      "NONSENSE",
      "QUIT",
    ]);
    expect(heard.map((line) => line.slice(0, 3)).join(" ")).toBe("220 250 235 334 334 235 502 503 552 250 250 250 354 250 500 221");
    const mail = await readMail(record, "newest", ports(), context);
    expect(mail).toMatchObject({ by: "smtp", sender: "bounce@example.org", to: ["a@example.org", "b@example.org"], subject: "dots" });
    expect(mail.text).toBe(".begin\r\nmiddle .\r\n.\r\nend\r\n");
  });

  it("keeps nothing of a client that goes away in the middle", async () => {
    const port = await rig.listen();
    await saySmtp(port, ["MAIL FROM:<a@example.org>", "RCPT TO:<b@example.org>", "DATA", "Subject: half\r\n"].slice(0, 3));
    await saySmtp(port, ["NOOP"]);
    expect(await listMails(record, all, ports(), context)).toEqual([]);
  });

  it("forgets the oldest beyond its bounds, and takes no mail that is too long", async () => {
    const id = (number: number): string => `20200101T000000.${String(number).padStart(6, "0")}-00000000`;
    for (let number = 0; number < 1005; number++) writeFileSync(join(rig.directory, `${id(number)}.eml`), "from=&by=smtp\n\n");
    utimesSync(join(rig.directory, `${id(1004)}.eml`), 1_600_000_000, 1_600_000_000); // of a year ago
    expect(await sendmail("To: a@example.org\nSubject: new\n\nx")).toBe(0);
    const kept = readdirSync(rig.directory).toSorted();
    expect(kept.length).toBe(999);
    expect(kept[0]).toBe(`${id(6)}.eml`);
    expect(await sendmail(`To: a@example.org\n\n${"x".repeat(26 * 1024 * 1024)}`)).toBe(75);
    expect(readdirSync(rig.directory).length).toBe(999);
  });

  it("answers who waits for a mail, and who waited in vain", async () => {
    const waiting = listMails(record, { subject: "WELCOME", waitSeconds: 120 }, ports(), context);
    expect(await sendmail("To: a@example.org\nSubject: Other\n\nx")).toBe(0);
    expect(await sendmail("To: a@example.org\nSubject: You are welcome here\n\nx")).toBe(0);
    expect((await waiting).map(({ subject }) => subject)).toEqual(["You are welcome here"]);
    await expect(listMails(record, { subject: "never", waitSeconds: 1 }, ports(), context)).rejects.toMatchObject({
      code: "mail/not-arrived",
    });
  });

  it("is emptied, and says what it does not have", async () => {
    expect(await sendmail("To: a@example.org\n\nx")).toBe(0);
    expect(await clearMails(record, ports(), context)).toBe(1);
    await expect(readMail(record, "newest", ports(), context)).rejects.toMatchObject({ code: "mail/unknown" });
    await expect(readMail(record, "../../etc/passwd", ports(), context)).rejects.toMatchObject({ code: "mail/unknown" });
    await expect(listMails({ ...record, site: production }, all, ports(), context)).rejects.toMatchObject({ code: "usage/invalid" });
  });

  it("reads what is no mail at all", async () => {
    const deep = Array.from(
      { length: 40 },
      (_, level) => `Content-Type: multipart/mixed; boundary=b${String(level)}\n\n--b${String(level)}\n`,
    ).join("");
    const many = `Content-Type: multipart/mixed; boundary=m\n\n${"--m\n\nx\n".repeat(5000)}`;
    for (const mail of [
      deep,
      many,
      "",
      "\n\n",
      "\0\xff\xfe",
      `Subject: ${"=?utf-8?B?".repeat(20_000)}`,
      "Content-Type: multipart/mixed; boundary=x\n\nno end",
    ]) {
      expect(await sendmail(mail)).toBe(0);
      const found = await readMail(record, "newest", ports(), context);
      expect(found.attachments.length).toBeLessThan(201);
    }
  });
});
