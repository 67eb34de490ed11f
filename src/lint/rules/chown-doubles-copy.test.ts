import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { chownDoublesCopy } from "./chown-doubles-copy.ts";

const text = (copy: string, command: string) =>
  `FROM debian:12 AS build\nRUN true\nFROM debian:12\nARG UID=0\n${copy}\nRUN ${command}\n`;

test.each([
  [
    "COPY --from=build /opt/venv /opt/venv",
    "chmod -R 777 /opt",
    "chmod -R stores /opt/venv of line 5 a second time; COPY --chmod does it without",
  ],
  [
    "COPY --from=build --chmod=770 /opt/venv /opt/venv",
    "chmod -R 777 /opt",
    "chmod -R stores /opt/venv of line 5 a second time; let --chmod of line 5 say it, and change only what is new",
  ],
  [
    "COPY --from=build /opt/venv /opt/venv\nCOPY --from=build /srv/web /opt/web",
    "chown -R 1000 /opt",
    "chown -R stores /opt/venv and more of lines 5, 6 a second time; COPY --chown does it without",
  ],
])("%s and %s", (copy, command, message) => {
  expect(messagesOf(chownDoublesCopy, text(copy, command))).toEqual([message]);
});

test.each(["chown -R 0:0 /opt", "chgrp -R 0 /opt"])(
  "leaves %s alone where the copy has an owner that is not known",
  (command) => {
    const copy = "COPY --from=build --chown=$UID:$UID /opt/venv /opt/venv";
    expect(messagesOf(chownDoublesCopy, text(copy, command))).toEqual([]);
  },
);

test.each(["chown -R 0:0 /opt", "chown -R root:root /opt", "chgrp -R root /opt"])(
  "%s changes nothing of what COPY gave to root",
  (command) => {
    expect(messagesOf(chownDoublesCopy, text("COPY --from=build /opt/venv /opt/venv", command))).toEqual([]);
  },
);
