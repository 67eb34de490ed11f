import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { sshPort } from "./ssh-port.ts";

test.each(["FROM debian:12\nEXPOSE 22", "FROM debian:12\nARG PORT=22\nEXPOSE $PORT"])("finds %s", (lines) => {
  expect(messagesOf(sshPort, `${lines}\n`)).toHaveLength(1);
});

test.each([
  "FROM debian:12\nENV PATH=/opt/openmpi/bin:$PATH\nEXPOSE 22",
  "FROM debian:12\nRUN echo 'PasswordAuthentication no' >> /etc/ssh/sshd_config\nEXPOSE 22",
])("leaves %s alone", (lines) => {
  expect(messagesOf(sshPort, `${lines}\n`)).toEqual([]);
});
