import type { FileTree } from "../../../inspect/file-tree.ts";
import { defaultPath } from "../runners/runner.ts";

/** What came back over a connection to a service. */
export interface Answer {
  /** Undefined where it was no HTTP. */
  status: number | undefined;
  /** After the headers; all of it where there are none. */
  body: string;
}

const python = String.raw`
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
s.sendall(("GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" % sys.argv[2]).encode())
out = getattr(sys.stdout, "buffer", sys.stdout)
while True:
    data = s.recv(65536)
    if not data: break
    out.write(data)
    out.flush()
`;
const node = String.raw`
const [port, path] = process.argv.slice(1);
const s = require("net").connect(Number(port), "127.0.0.1", () => s.write("GET " + path + " HTTP/1.0\r\nHost: localhost\r\n\r\n"));
s.on("error", () => process.exit(7));
s.pipe(process.stdout);
`;
const perl = String.raw`
use IO::Socket::INET; $| = 1;
my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0], Timeout => 5) or exit 7;
print $s "GET $ARGV[1] HTTP/1.0\r\nHost: localhost\r\n\r\n";
print while sysread($s, $_, 65536);
`;
const bash = String.raw`exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 7
printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
exec cat <&3`;

/** Programs of an image that can ask a port, the surest first, and how they do it. */
const askers: readonly [program: string, words: (port: string, path: string) => string[]][] = [
  [
    "curl",
    (port, path) => ["-s", "-i", "--http1.0", "--noproxy", "*", "-m", "5", `http://127.0.0.1:${port}${path}`],
  ],
  ["python3", (port, path) => ["-c", python, port, path]],
  ["node", (port, path) => ["-e", node, port, path]],
  ["bash", (port, path) => ["-c", bash, "bash", port, path]],
  ["perl", (port, path) => ["-e", perl, port, path]],
  ["python", (port, path) => ["-c", python, port, path]],
];

/** The words with which a program of the image asks a port of its own container; undefined where it has none that could. */
export function askingWords(
  tree: FileTree,
  pathVariable: string | undefined,
  port: number,
  path: string,
): string[] | undefined {
  const folders = (pathVariable ?? defaultPath).split(":").filter((folder) => folder.startsWith("/"));
  for (const [program, words] of askers) {
    for (const folder of folders) {
      const found = tree.find(`${folder}/${program}`)?.placed?.content;
      if (found?.type === "file" && (found.mode & 0o111) !== 0)
        return [`${folder}/${program}`, ...words(String(port), path)];
    }
  }
  return undefined;
}

/** Reads what came back; undefined for nothing. */
export function readAnswer(text: string): Answer | undefined {
  if (text === "") return undefined;
  const status = /^HTTP\/[0-9.]+ ([0-9]{3})/.exec(text)?.[1];
  if (status === undefined) return { status: undefined, body: text };
  const end = /\r?\n\r?\n/.exec(text);
  return { status: Number(status), body: end === null ? "" : text.slice(end.index + end[0].length) };
}
