import { describe, expect, it } from "vitest";
import { ROBOT } from "./robots.ts";

const isRobot = (method: string, agent: string): boolean => new RegExp(ROBOT, "i").test(`${method}:${agent}`);

describe("who counts as a visitor of an idle site", () => {
  it.each([
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 YaBrowser/25.6 Safari/537.36",
    "curl/8.14.1",
    "python-requests/2.32.4",
    "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
  ])("%s is one", (agent) => expect(isRobot("GET", agent)).toBe(false));

  it.each([
    "",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0 Safari/537.36",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.2; +https://openai.com/gptbot",
    "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "kube-probe/1.33",
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 3 subscribers)",
    "Mozilla/5.0 (compatible; Let's Encrypt validation server; +https://www.letsencrypt.org)",
    "howdah-health",
  ])("%s is none", (agent) => expect(["GET", "HEAD"].map((method) => isRobot(method, agent))).toEqual([true, true]));

  it.each(["TelegramBot (like TwitterBot)", "Slackbot 1.0 (+https://api.slack.com/robots)", ""])("%j is one when it sends data", (agent) =>
    expect(["POST", "PUT", "PATCH", "DELETE"].map((method) => isRobot(method, agent))).toEqual([false, false, false, false]),
  );
});
