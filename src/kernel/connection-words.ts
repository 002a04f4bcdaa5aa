/** What a broken connection means, by the names of Node and undici; the other side's name stands before it. */
export const connectionWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses the connection",
  ECONNRESET: "broke the connection off",
  EPIPE: "broke the connection off",
  UND_ERR_SOCKET: "broke the connection off",
  UND_ERR_CONNECT_TIMEOUT: "can't be reached in time",
  UND_ERR_HEADERS_TIMEOUT: "does not answer in time",
  UND_ERR_BODY_TIMEOUT: "stopped in the middle of its answer",
  EAI_AGAIN: "can't be looked up: the name server does not answer",
};
