import { type LoadedSite, Session, whatIsSeen } from "./loaded-site.ts";

/** Words that each post holds behind its title. */
const WORDS = "Kept by three nodes.";
const TYPES = { "content-type": "application/json" };

interface Post {
  readonly title: { readonly raw: string };
  readonly content: { readonly raw: string };
}

/** Logs in as the administrator and publishes posts by WordPress' own REST interface, as its editor does. */
export async function loadedWordPress(
  address: string,
  host: string,
  credentials: { readonly user: string; readonly password: string },
): Promise<LoadedSite> {
  const editor = new Session(address, host, { wordpress_test_cookie: "WP%20Cookie%20check" });
  const { status } = await editor.post("/wp-login.php", { log: credentials.user, pwd: credentials.password, testcookie: "1" });
  if (status !== 302) throw new Error(`WordPress does not let its administrator in: ${String(status)}`);
  const nonce = (await editor.ask("/wp-admin/admin-ajax.php?action=rest-nonce")).body;
  const headers = { ...TYPES, "x-wp-nonce": nonce };
  const reader = new Session(address, host);
  return {
    name: "WordPress",
    host,
    read: async (number) => {
      const answer = await reader.ask(`/?n=${String(number)}`);
      if (answer.status !== 200 || !answer.body.includes("</html>")) throw new Error(whatIsSeen(answer));
    },
    write: async (title) => {
      const body = JSON.stringify({ title, content: `${title}: ${WORDS}`, status: "publish" });
      const answer = await editor.ask("/index.php?rest_route=/wp/v2/posts", { method: "POST", headers, body });
      if (answer.status !== 201) throw new Error(whatIsSeen(answer));
    },
    titles: async (begin) => {
      const found: string[] = [];
      for (let page = 1; ; page++) {
        const path = `/index.php?rest_route=/wp/v2/posts&context=edit&status=publish&per_page=100&orderby=id&page=${String(page)}`;
        const answer = await editor.ask(path, { headers });
        if (answer.status !== 200) throw new Error(whatIsSeen(answer));
        for (const { title, content } of JSON.parse(answer.body) as readonly Post[])
          if (title.raw.startsWith(begin) && (begin !== "Load" || content.raw === `${title.raw}: ${WORDS}`)) found.push(title.raw);
        if (page >= Number(answer.headers["x-wp-totalpages"])) return found;
      }
    },
  };
}
