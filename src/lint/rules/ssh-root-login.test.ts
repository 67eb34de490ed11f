import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { sshRootLogin } from "./ssh-root-login.ts";

test.each([
  "FROM ubuntu:22.04\nRUN echo 'PermitRootLogin yes' >> /etc/ssh/sshd_config",
  "FROM ubuntu:22.04\nRUN sed -i 's/#PermitRootLogin prohibit-password/PermitRootLogin yes/' /etc/ssh/sshd_config",
  "FROM ubuntu:22.04\nRUN sed -i 's/#\\?PermitRootLogin.*/PermitRootLogin yes/' /etc/ssh/sshd_config",
  "FROM ubuntu:16.04\nRUN sed -i 's/PermitRootLogin prohibit-password/PermitRootLogin yes/' /etc/ssh/sshd_config",
])("finds %s", (lines) => {
  expect(messagesOf(sshRootLogin, `${lines}\n`)).toHaveLength(1);
});

test.each([
  "FROM ubuntu:22.04\nRUN sed -i 's/PermitRootLogin prohibit-password/PermitRootLogin yes/' /etc/ssh/sshd_config",
  "FROM debian:12\nRUN sed -i 's/PermitRootLogin without-password/PermitRootLogin yes/' /etc/ssh/sshd_config",
  "FROM nvidia/cuda:11.8.0-devel-ubuntu22.04\nRUN sed -i 's/PermitRootLogin prohibit-password/PermitRootLogin yes/' /etc/ssh/sshd_config",
])("leaves %s alone", (lines) => {
  expect(messagesOf(sshRootLogin, `${lines}\n`)).toEqual([]);
});
