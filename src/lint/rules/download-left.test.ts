import { expect, test } from "vitest";
import { fixedBy, messagesOf } from "../testing/check.ts";
import { downloadLeft } from "./download-left.ts";
import { removedInLaterLayer } from "./removed-in-later-layer.ts";

const url = "https://lab.example/a.tar.gz";
const get = `curl -fsSLo /tmp/a.tar.gz ${url} && tar xzf /tmp/a.tar.gz`;

test.each([
  get,
  `wget ${url} && tar xzf a.tar.gz`,
  `cd /tmp && wget -q ${url} && tar xzf a.tar.gz && rm -rf /var/cache`,
])("%s leaves the archive", (script) => {
  expect(messagesOf(downloadLeft, `FROM debian:12\nRUN ${script}\n`)).toHaveLength(1);
});

test.each([
  `${get} && rm /tmp/a.tar.gz`,
  `${get} && rm -rf /tmp/*`,
  `${get} && rm -f /tmp/a.*`,
  `${get} && rm -rf /tmp`,
  `${get} && find /tmp -name a.tar.gz -delete`,
  `cd /tmp && wget ${url} && tar xzf a.tar.gz && cd .. && rm -r *`,
  `curl -fsSL ${url} | tar xz`,
  `curl -fsSLo /opt/a.bin https://lab.example/a.bin`,
])("%s leaves none", (script) => {
  expect(messagesOf(downloadLeft, `FROM debian:12\nRUN ${script}\n`)).toEqual([]);
});

test("of the branches of an if one leaves its archive", () => {
  const other = get.replaceAll("a.tar.gz", "b.tar.gz");
  const script = `if [ -n "$A" ]; then ${get}; else ${other}; fi`;
  expect(messagesOf(downloadLeft, `FROM debian:12\nRUN ${script}\n`)).toEqual([
    "a.tar.gz stays in the layer after tar has used it",
  ]);
});

test("what goes into a mount, or stays behind in a stage that only lends files, is in no image", () => {
  expect(messagesOf(downloadLeft, `FROM debian:12\nRUN --mount=type=tmpfs,target=/tmp ${get}\n`)).toEqual([]);
  const staged = `FROM debian:12 AS get\nRUN ${get}\nFROM debian:12\nCOPY --from=get /a /a\n`;
  expect(messagesOf(downloadLeft, staged)).toEqual([]);
});

test("an archive that a later RUN deletes is found there and not twice", () => {
  const text = `FROM debian:12\nRUN ${get}\nRUN rm /tmp/a.tar.gz\n`;
  expect(messagesOf(downloadLeft, text)).toEqual([]);
  expect(messagesOf(removedInLaterLayer, text)).toEqual([
    "rm hides /tmp/a.tar.gz, which stays in the layer of line 2",
  ]);
});

test.each([
  ["curl -o /tmp/a-$V.tgz https://lab.example/a-$V.tgz && tar xzf /tmp/a-$V.tgz", "rm /tmp/a-$V.tgz"],
  ['cd /opt && wget https://lab.example/a-$V.tgz && tar xzf "a-$V.tgz"', 'rm "a-$V.tgz"'],
  ["cd $D && wget https://lab.example/a-1.tgz && tar xzf a-1.tgz", "rm a-1.tgz"],
  ['cd /opt && wget https://lab.example/a-$V.tgz && tar xzf "a-$V.tgz" && cd /', 'rm "/opt/a-$V.tgz"'],
  ["wget https://lab.example/a-1.tgz && sudo tar xzf a-1.tgz", "rm a-1.tgz"],
  ["sudo wget https://lab.example/a-1.tgz && tar xzf a-1.tgz", "sudo rm a-1.tgz"],
])("the fix of %s names the file as the file does", (script, end) => {
  const text = `FROM lab.example/base:1\nARG V=2 D=/data\nRUN ${script}\n`;
  expect(fixedBy(downloadLeft, text)).toBe(`${text.trimEnd()} && ${end}\n`);
});
