import { connect } from "node:net";

/**
 * What rsync starts in place of ssh (`rsh-bridge SOCKET HOST rsync --server …`): passes the words and then both directions of bytes to the command that started
 * rsync, over its socket. That command holds the connection to the cluster. It ends when the other side has ended, as ssh does.
 */
const [, , path = "", , ...argv] = process.argv;
/** rsync's own code for a broken connection. */
const BROKEN = 12;

const socket = connect({ path, allowHalfOpen: true });
const leave = (code: number): void => {
  process.stdout.end(() => process.exit(code));
};
socket.on("error", () => leave(BROKEN));
socket.on("end", () => leave(0));
process.stdin.on("error", () => leave(BROKEN));
process.stdout.on("error", () => process.exit(BROKEN));
socket.write(`${JSON.stringify(argv)}\n`);
process.stdin.pipe(socket);
socket.pipe(process.stdout, { end: false });
