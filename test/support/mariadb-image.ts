/** TODO replaced below */
export async function mariadbImage(): Promise<{ image: string | undefined; version: string }> {
  return { image: process.env["T_IMAGE"], version: "10.11" };
}
