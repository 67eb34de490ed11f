import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { heredocWithoutErrexit } from "./heredoc-without-errexit.ts";
import { semicolonHidesFailure } from "./semicolon-hides-failure.ts";

test.each([
  "apt-get update; apt-get install -y git",
  "cd /src; make; make install",
  "wget https://lab.example/x && tar xf x; rm x",
  "pip install a ; pip install b",
])("%s goes on after a failure", (script) => {
  expect(messagesOf(semicolonHidesFailure, `FROM debian:12\nRUN ${script}\n`)).toHaveLength(1);
});

test.each([
  "set -e; make; make install",
  "set -eux; make; make install",
  "set -o errexit; make; make install",
  "set -xo pipefail -e; make; make install",
  "make && make install;",
  "make || true; make install",
  "ARCH=$(uname -m); make",
  "for x in a b; do make $x; done",
  "if [ -f x ]; then make; fi; make install",
  "rm -rf /tmp/*; make",
  "pip uninstall -y x 2>/dev/null; make",
  "echo 'a; b'",
  "export A=1; make",
  "make; true",
])("%s does not, or only where that is meant", (script) => {
  expect(messagesOf(semicolonHidesFailure, `FROM debian:12\nRUN ${script}\n`)).toEqual([]);
});

test("SHELL with -e, and heredocs, are not for this rule", () => {
  const shell = 'FROM debian:12\nSHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN make; make install\n';
  expect(messagesOf(semicolonHidesFailure, shell)).toEqual([]);
  const heredoc = "FROM debian:12\nRUN <<EOF\nmake; make install\nEOF\n";
  expect(messagesOf(semicolonHidesFailure, heredoc)).toEqual([]);
  expect(messagesOf(heredocWithoutErrexit, heredoc)).toHaveLength(1);
});

test.each([
  "set -e\nmake\nmake install",
  "#!/bin/bash -ex\nmake\nmake install",
  "make && make install",
  "echo a\nmake",
])("a heredoc of %j fails where it should", (script) => {
  expect(messagesOf(heredocWithoutErrexit, `FROM debian:12\nRUN <<EOF\n${script}\nEOF\n`)).toEqual([]);
});
