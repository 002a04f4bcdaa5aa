import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestBrowser, testBrowser, whyNoBrowser } from "../support/browser.ts";
import { mailboxRig, type MailboxRig } from "../support/mailbox-rig.ts";

const why = await whyNoBrowser();
if (why !== undefined) process.stderr.write(`mail-view.test.ts is skipped: ${why}\n`);

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("the web view of mails in a browser", () => {
  let rig: MailboxRig;
  let origin: string;
  let browser: TestBrowser;
  let tracker: Server;
  const asked: string[] = [];

  beforeAll(async () => {
    rig = mailboxRig();
    origin = await rig.view();
    browser = await testBrowser();
    tracker = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end("tracked");
    });
    await new Promise<void>((done) => tracker.listen(0, "127.0.0.1", done));
  });
  afterAll(async () => {
    await browser?.close();
    tracker?.close();
    rig?.stop();
  });

  it("runs nothing of a mail, loads nothing that it names, and opens its links beside", async () => {
    const { port } = tracker.address() as AddressInfo;
    const outside = `http://127.0.0.1:${String(port)}`;
    const html = [
      `<link rel=stylesheet href="${outside}/sheet.css"><style>@import "${outside}/import.css"; p { background: url(${outside}/back.png) }</style>`,
      `<meta http-equiv=refresh content="0;url=${outside}/refresh"><script>fetch("${outside}/script"); alert(1); top.document.title = "taken"</script>`,
      `<img src="${outside}/picture.png" onerror="alert(2)"><svg onload="alert(3)"></svg><iframe src="${outside}/frame"></iframe>`,
      `<video src="${outside}/video" autoplay></video><object data="${outside}/object"></object><base href="${outside}/"><p>Hello</p>`,
      `<form action="${outside}/form"><button>Send</button></form><a href="${outside}/link">a link</a>`,
    ].join("\n");
    const title = `<img src=${outside}/subject onerror=alert(4)>`;
    await rig.run(
      ["php", "-n", rig.program("sendmail.php"), "-t"],
      `To: a@example.org\nSubject: ${title}\nContent-Type: text/html\n\n${html}`,
    );
    const page = await browser.page();
    const dialogs: string[] = [];
    page.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await page.goto(`${origin}/-/mail/`);
    await page.getByText("onerror").click();
    const frame = page.frameLocator("iframe");
    await frame.getByText("Hello").waitFor();
    await frame.getByRole("button").click();
    expect(await page.title()).toBe(title);
    expect(asked).toEqual([]);
    const [opened] = await Promise.all([page.waitForEvent("popup"), frame.getByRole("link").click()]);
    await opened.waitForLoadState();
    expect(await opened.evaluate(() => (globalThis as { opener?: unknown }).opener)).toBeNull();
    expect(asked.filter((path) => path !== "/favicon.ico")).toEqual(["/link"]);
    expect(dialogs).toEqual([]);
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByText("Nothing yet").waitFor();
    expect(browser.troubles).toEqual([]);
  });
});
