import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { sudoWithoutPassword } from "./sudo-without-password.ts";

test.each([
  ["ALL  ALL=(ALL)  NOPASSWD:  ALL", "every user of the image is root"],
  ["user ALL=(ALL) NOPASSWD:ALL", "user is as good as root"],
  ["%wheel ALL=(ALL:ALL) NOPASSWD: ALL", "every user of the group wheel is root"],
  ["app host=(app) NOPASSWD: ALL", "whoever it names is root"],
])("says who %s makes root", (line, said) => {
  expect(messagesOf(sudoWithoutPassword, `FROM debian:12\nRUN echo "${line}" >> /etc/sudoers\n`)).toEqual([
    `sudo asks for no password, so that ${said}`,
  ]);
});
