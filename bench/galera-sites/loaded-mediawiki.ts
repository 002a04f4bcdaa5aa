import { type LoadedSite, Session, whatIsSeen } from "./loaded-site.ts";

const WORDS = "Kept by three nodes.";
const API = "/api.php?format=json&formatversion=2";

interface Said {
  readonly error?: { readonly code: string; readonly info: string };
  readonly login?: { readonly result: string };
  readonly edit?: { readonly result: string };
  readonly continue?: Readonly<Record<string, string>>;
  readonly query?: {
    readonly tokens?: { readonly logintoken?: string; readonly csrftoken?: string };
    readonly pages?: readonly { readonly title: string; readonly revisions?: readonly Revision[] }[];
  };
}

interface Revision {
  readonly slots: { readonly main: { readonly content: string } };
}

/** Logs in as the administrator and writes pages by MediaWiki's own interface for programs. */
export async function loadedMediaWiki(
  address: string,
  host: string,
  credentials: { readonly user: string; readonly password: string },
): Promise<LoadedSite> {
  const editor = new Session(address, host);
  const say = async (fields: Readonly<Record<string, string>>): Promise<Said> => {
    const answer = await editor.post(API, fields);
    if (answer.status !== 200) throw new Error(whatIsSeen(answer));
    const said = JSON.parse(answer.body) as Said;
    if (said.error !== undefined) throw new Error(`200 ${said.error.code}: ${said.error.info.slice(0, 50)}`);
    return said;
  };
  const token = async (type: string): Promise<string> => {
    const tokens = (await say({ action: "query", meta: "tokens", type })).query?.tokens;
    return tokens?.logintoken ?? tokens?.csrftoken ?? "";
  };
  const logIn = async (): Promise<string> => {
    const lgtoken = await token("login");
    const { login } = await say({ action: "login", lgname: credentials.user, lgpassword: credentials.password, lgtoken });
    if (login?.result !== "Success") throw new Error(`MediaWiki does not let its administrator in: ${JSON.stringify(login)}`);
    return token("csrf");
  };
  let csrf = await logIn();
  /** MediaWiki that can't read its sessions gives a visitor a new, anonymous one: that write failed, and the next ones need a login. */
  const orLoggedOut = async (error: unknown): Promise<never> => {
    if ((error as Error).message.includes("badtoken")) csrf = await logIn().catch(() => csrf);
    throw error;
  };
  const reader = new Session(address, host);
  return {
    name: "MediaWiki",
    host,
    read: async (number) => {
      const answer = await reader.ask(`/index.php?title=Main_Page&n=${String(number)}`);
      if (answer.status !== 200 || !answer.body.includes("</html>")) throw new Error(whatIsSeen(answer));
    },
    write: async (title) => {
      const { edit } = await say({ action: "edit", title, text: `${title}: ${WORDS}`, createonly: "1", token: csrf }).catch(orLoggedOut);
      if (edit?.result !== "Success") throw new Error(`200 ${edit?.result ?? "nothing"}`);
    },
    titles: async (begin) => {
      const found: string[] = [];
      const asked = { action: "query", generator: "allpages", gapprefix: begin, gaplimit: "50", prop: "revisions", rvprop: "content" };
      for (let more: Readonly<Record<string, string>> | undefined = {}; more !== undefined; ) {
        const said: Said = await say({ ...asked, rvslots: "main", ...more });
        for (const { title, revisions = [] } of said.query?.pages ?? [])
          if (revisions[0]?.slots.main.content === `${title}: ${WORDS}`) found.push(title);
        more = said.continue;
      }
      return found;
    },
  };
}
