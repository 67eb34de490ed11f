import { passwordProblem } from "../registry/access/htpasswd.ts";
import { usageError } from "./usage.ts";

const longestInput = 4096;

/** Reads a password: its first line from a pipe, or what is typed on a terminal, which is not shown. Throws `USAGE` for one that cannot be used. */
export async function readPassword(stdin: NodeJS.ReadStream, stderr: NodeJS.WriteStream): Promise<string> {
  const password = stdin.isTTY ? await typed(stdin, stderr) : await piped(stdin);
  const problem = passwordProblem(password);
  if (problem !== undefined) throw usageError(`the password ${problem}`, "server");
  return password;
}

async function piped(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > longestInput || chunk.includes(10)) break;
  }
  return Buffer.concat(chunks).toString("utf8").split(/\r?\n/, 1)[0] ?? "";
}

async function typed(stdin: NodeJS.ReadStream, stderr: NodeJS.WriteStream): Promise<string> {
  stderr.write("Password: ");
  stdin.setRawMode(true);
  let password = "";
  try {
    for await (const chunk of stdin as AsyncIterable<Buffer>) {
      for (const sign of chunk.toString("utf8")) {
        if (sign === "\r" || sign === "\n" || sign === "\u0004") return password;
        if (sign === "\u0003") throw usageError("no password was given", "server");
        password = sign === "\u007f" || sign === "\b" ? password.slice(0, -1) : password + sign;
      }
    }
    return password;
  } finally {
    stdin.setRawMode(false);
    stderr.write("\n");
  }
}
